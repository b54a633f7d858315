function (id) {
  "use strict";
  var place = document.getElementById(id), holder = document.getElementById(id + "-data");
  if (!window.Plotly) {
    place.textContent = "The script that draws figures stands in the first one: run the notebook from the top.";
    return;
  }
  var figure = JSON.parse(holder.textContent);
  window.Plotly.newPlot(place, figure.data, figure.layout, { displayModeBar: false, responsive: true, showTips: false });
}
