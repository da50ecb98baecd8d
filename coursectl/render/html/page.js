"use strict";
// Sorting and searching. All rows are in the page already; without this, they stay in order.
(() => {
  const AT_ONCE = 1000; // a browser lays out so many rows without anybody waiting
  const collator = new Intl.Collator(undefined, { numeric: true });

  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const counted = (number) => number.toLocaleString("en");

  // Text as it is compared, as in coursectl.roster.folding: without case, accents and what cannot
  // be seen, so that a search for "jose" finds "José"; some letters are written otherwise where
  // they are not on the keys. Capitals first: of some letters there are several small ones.
  const written = {
    ł: "l", ø: "o", đ: "d", ı: "i", ß: "ss", æ: "ae", œ: "oe", ς: "σ",
    "‘": "'", "’": "'", ʼ: "'", "‐": "-",
  };
  const bare = (text) =>
    text.normalize("NFKD").replace(/[\p{M}\p{Cf}]/gu, "").toUpperCase().toLowerCase()
      .replace(/[łøđıßæœς‘’ʼ‐]/g, (letter) => written[letter]);

  const keyOf = {
    text: (cell) => cell.textContent,
    number: (cell) => parseFloat(cell.dataset.value ?? cell.textContent),
    date: (cell) => Date.parse(cell.firstElementChild.dateTime),
  };

  const order = (kind, one, other) => {
    if (kind === "text") return collator.compare(one.key, other.key);
    // Ids beyond what a number holds exactly are told apart by their digits.
    return one.key - other.key || collator.compare(one.cell.textContent, other.cell.textContent);
  };

  function prepare(region) {
    const table = region.querySelector("table");
    const body = table.tBodies[0];
    const headers = [...table.tHead.rows[0].cells];
    let rows = [...body.rows];
    let matching = rows;
    let shown = AT_ONCE;
    let words = [];

    const more = element("button", { type: "button", className: "more", hidden: true });
    more.addEventListener("click", () => {
      shown = Infinity;
      show();
      region.focus();
    });
    region.after(more);

    const show = () => {
      const some = matching.length > shown ? matching.slice(0, shown) : matching;
      if (body.rows.length !== some.length || some.some((row, at) => body.rows[at] !== row)) {
        const fragment = document.createDocumentFragment();
        for (const row of some) fragment.append(row);
        body.replaceChildren(fragment);
      }
      more.hidden = some.length === matching.length;
      more.textContent = `Show all ${counted(matching.length)} rows`;
    };

    const sort = (column) => {
      const header = headers[column];
      const ascending = header.getAttribute("aria-sort") !== "ascending";
      const kind = header.className;
      const entries = rows.map((row) => {
        const cell = row.cells[column];
        const isNull = cell.classList.contains("null");
        return { row, cell, isNull, key: isNull ? null : keyOf[kind](cell) };
      });
      const direction = ascending ? 1 : -1;
      entries.sort((one, other) =>
        one.isNull || other.isNull
          ? one.isNull - other.isNull
          : direction * order(kind, one, other));
      rows = entries.map((entry) => entry.row);
      for (const each of headers) each.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      search();
      region.scrollTop = 0;
    };

    const texts = new Map();
    const textOf = (row) => {
      if (!texts.has(row)) {
        texts.set(row, bare([...row.cells].map((cell) => cell.textContent).join(" ")));
      }
      return texts.get(row);
    };
    const search = () => {
      matching = words.length
        ? rows.filter((row) => words.every((word) => textOf(row).includes(word)))
        : rows;
      show();
    };

    headers.forEach((header, column) => {
      const button = element("button", { type: "button" }, ...header.childNodes);
      button.addEventListener("click", () => sort(column));
      header.append(button);
    });

    if (region.classList.contains("searchable")) {
      const input = element("input", { type: "search", autocomplete: "off", spellcheck: false });
      const count = element("output");
      count.setAttribute("aria-live", "polite");
      let waiting;
      input.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          words = bare(input.value).split(/\s+/).filter(Boolean);
          search();
          region.scrollTop = 0;
          count.textContent = words.length
            ? `${counted(matching.length)} of ${counted(rows.length)} found`
            : "";
        }, 120);
      });
      region.before(
        element("div", { className: "tools" }, element("label", {}, "Search ", input), count));
    }

    // On paper, everything that matches.
    addEventListener("beforeprint", () => {
      const before = shown;
      shown = Infinity;
      show();
      addEventListener("afterprint", () => {
        shown = before;
        show();
      }, { once: true });
    });
    show();
  }

  for (const region of document.querySelectorAll(".rows")) prepare(region);
})();
