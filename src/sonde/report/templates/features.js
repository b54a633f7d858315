"use strict";
// Rows are [latent, density, highest, tokens, z]. Only what is on screen is drawn, so that 16,000 latents open at once.
(() => {
  const rows = JSON.parse(document.getElementById("rows").textContent);
  const list = document.getElementById("list"), query = document.getElementById("query");
  const order = document.getElementById("order"), found = document.getElementById("found");
  const more = document.getElementById("more"), concept = list.dataset.concept === "1";
  const column = { latent: 0, density: 1, highest: 2, z: 4 };
  const step = 100;
  let shown = [], drawn = 0;
  const cell = (text, kind) => {
    const td = document.createElement("td");
    td.textContent = text;
    if (kind) td.className = kind;
    return td;
  };
  const draw = () => {
    for (const row of shown.slice(drawn, drawn + step)) {
      const tr = document.createElement("tr"), th = document.createElement("th"), a = document.createElement("a");
      a.href = `latent-${row[0]}.html`;
      a.textContent = row[0];
      th.scope = "row";
      th.append(a);
      tr.append(th, cell(`${(100 * row[1]).toPrecision(3)} %`), cell(row[2].toPrecision(4)));
      if (concept) tr.append(cell(row[4] === null ? "–" : row[4].toFixed(1)));
      tr.append(cell(row[3], "words"));
      list.append(tr);
    }
    drawn = Math.min(drawn + step, shown.length);
    more.hidden = drawn >= shown.length;
    found.value = `${shown.length} found, ${drawn} shown`;
  };
  const refresh = () => {
    const words = query.value.trim().toLowerCase(), by = column[order.value];
    shown = rows.filter((row) => !words || String(row[0]) === words || row[3].toLowerCase().includes(words));
    const size = (row) => (by === 4 ? Math.abs(row[4] ?? 0) : row[by]);
    shown.sort((a, b) => (by === 0 ? a[0] - b[0] : size(b) - size(a)));
    list.replaceChildren();
    drawn = 0;
    draw();
  };
  query.addEventListener("input", refresh);
  order.addEventListener("change", refresh);
  more.addEventListener("click", draw);
  document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  refresh();
})();
