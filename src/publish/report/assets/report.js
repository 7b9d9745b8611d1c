"use strict";
(function () {
  // Pages: one at a time; without this script all stand one below the other.
  var links = Array.from(document.querySelectorAll("nav a"));
  var sections = Array.from(document.querySelectorAll("main > section"));
  function turn() {
    var id = location.hash.slice(1);
    var known = sections.some(function (s) { return s.id === id; });
    sections.forEach(function (s, i) { s.classList.toggle("current", known ? s.id === id : i === 0); });
    links.forEach(function (a, i) {
      var here = known ? a.hash === "#" + id : i === 0;
      if (here) { a.setAttribute("aria-current", "page"); } else { a.removeAttribute("aria-current"); }
    });
  }
  document.body.classList.add("paged");
  addEventListener("hashchange", turn);
  turn();

  // The list lies in several tables, which browsers lay out when they are looked at. Sorting goes across all of them.
  var tables = Array.from(document.querySelectorAll("table.list"));
  if (!tables.length) { return; }
  var lengths = tables.map(function (table) { return table.tBodies[0].rows.length; });
  var rows = [];
  tables.forEach(function (table) { rows.push.apply(rows, table.tBodies[0].rows); });
  var form = document.querySelector("form.filters");
  var status = document.getElementById("shown");
  var all = status.textContent;
  form.hidden = false;

  // Sorting: a click, or Enter and the space bar, on a heading; a second one turns the order.
  var heads = Array.from(tables[0].tHead.rows[0].cells);
  var collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  function key(row, column, kind) {
    var cell = row.cells[column];
    if (kind === "text") { return cell.textContent.trim(); }
    var given = cell.dataset.v === undefined ? cell.textContent : cell.dataset.v;
    return given === "" ? NaN : Number(given);
  }
  function sort(head, column) {
    var kind = head.dataset.sorts;
    var was = head.getAttribute("aria-sort");
    var down = was === null ? kind === "most" : was === "ascending";
    tables.forEach(function (table) {
      Array.from(table.tHead.rows[0].cells).forEach(function (other, place) {
        if (place === column) {
          other.setAttribute("aria-sort", down ? "descending" : "ascending");
        } else {
          other.removeAttribute("aria-sort");
        }
      });
    });
    var keyed = rows.map(function (row, place) { return [key(row, column, kind), place, row]; });
    keyed.sort(function (a, b) {
      var x = a[0], y = b[0], order;
      if (kind === "text") {
        order = (x === "") - (y === "") || (down ? collator.compare(y, x) : collator.compare(x, y));
      } else {
        order = isNaN(x) - isNaN(y) || (isNaN(x) ? 0 : down ? y - x : x - y);
      }
      return order || a[1] - b[1];
    });
    var next = 0;
    tables.forEach(function (table, place) {
      var sorted = document.createDocumentFragment();
      for (var end = next + lengths[place]; next < end; next += 1) { sorted.appendChild(keyed[next][2]); }
      table.tBodies[0].appendChild(sorted);
    });
    arrange();
  }
  // Of a table that has no row to show nothing is shown, and one that is not laid out has room for its rows.
  function arrange() {
    tables.forEach(function (table, place) {
      var body = table.tBodies[0];
      var hidden = 0;
      for (var row = body.firstElementChild; row; row = row.nextElementSibling) { hidden += row.hidden; }
      var section = table.parentNode;
      section.hidden = hidden === lengths[place];
      section.style.containIntrinsicBlockSize = hidden ? "auto " + 4 * (lengths[place] - hidden) + "rem" : "";
    });
  }
  heads.forEach(function (head, column) {
    if (!head.dataset.sorts) { return; }
    var button = document.createElement("button");
    button.type = "button";
    while (head.firstChild) { button.appendChild(head.firstChild); }
    head.appendChild(button);
    button.addEventListener("click", function () { sort(head, column); });
  });

  // Filters: a row is shown if it matches all of them.
  var selects = Array.from(form.querySelectorAll("select"));
  var texts = null;
  function matches(row, place, wanted, words) {
    return wanted.every(function (select) {
      var by = select.dataset.by;
      if (by) { return row.cells[Number(by)].textContent.trim() === select.value; }
      return (" " + row.dataset.f + " ").indexOf(" " + select.value + " ") >= 0;
    }) && words.every(function (word) { return texts[place].indexOf(word) >= 0; });
  }
  function filter() {
    var wanted = selects.filter(function (select) { return select.value !== ""; });
    var words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length && !texts) { texts = rows.map(function (row) { return row.textContent.toLowerCase(); }); }
    var shown = 0;
    rows.forEach(function (row, place) {
      var keep = matches(row, place, wanted, words);
      row.hidden = !keep;
      shown += keep;
    });
    arrange();
    if (shown === rows.length) { status.textContent = all; return; }
    var number = new Intl.NumberFormat(document.documentElement.lang);
    status.textContent = shown === 0 ? status.dataset.none : status.dataset.some.replace("#", number.format(shown));
  }
  var later;
  form.addEventListener("input", function () { clearTimeout(later); later = setTimeout(filter, 120); });
  form.addEventListener("submit", function (event) { event.preventDefault(); filter(); });
  form.addEventListener("reset", function () { setTimeout(filter, 0); });

  // Details: all at once.
  var open = form.elements.open;
  if (open) {
    open.addEventListener("click", function () {
      var other = open.dataset.other;
      open.dataset.other = open.textContent;
      open.textContent = other;
      var is = open.getAttribute("aria-pressed") !== "true";
      open.setAttribute("aria-pressed", String(is));
      document.querySelectorAll("table.list > tbody > tr:not([hidden]) details").forEach(function (it) { it.open = is; });
    });
  }
})();
