(function () {
  "use strict";
  var config = { displayModeBar: false, responsive: true, showTips: false };
  var plots = [];
  document.querySelectorAll("script.figure").forEach(function (holder) {
    var place = document.getElementById(holder.dataset.place);
    var figure = JSON.parse(holder.textContent);
    Plotly.newPlot(place, figure.data, figure.layout, config);
    plots.push(place);
  });
  var opened = [];
  addEventListener("beforeprint", function () {
    opened = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    opened.forEach(function (folded) { folded.open = true; });
    plots.forEach(function (place) { Plotly.relayout(place, { width: 660, autosize: false }); });
  });
  addEventListener("afterprint", function () {
    opened.forEach(function (folded) { folded.open = false; });
    plots.forEach(function (place) { Plotly.relayout(place, { width: null, autosize: true }); });
  });
})();
