// Binds the explorer's fields to its state and shows the answer.
if (explorer) {
  const { host, data, PAIRS, words } = explorer;
  const find = (selector) => host.querySelector(selector);
  const all = (selector) => [...host.querySelectorAll(selector)];
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const scale = (key) => (PAIRS[key].kind === "share" ? 100 : 1);
  const tidy = (value) => String(Number(value.toPrecision(12)));

  // --- fields ----------------------------------------------------------------------------------
  const fitSlider = (key) => {
    const { kind, span, least } = PAIRS[key];
    const room = least === 0 ? explorer.state.old_price[1] / 2 : 0; // an amount that may be 0 is of a price
    const amounts = [explorer.state, explorer.fresh(explorer.state.product)].map((s) => 2 * s[key][1]);
    const top = kind === "amount" ? Math.max(...amounts, room) : span[1];
    const step = kind === "amount" ? 10 ** Math.floor(Math.log10(top) - 2) : span[2];
    return [kind === "amount" ? 0 : span[0], top, step];
  };
  const showPair = (key) => {
    const group = find(`[data-pair="${key}"]`);
    const range = explorer.state[key];
    const [least, most, step] = fitSlider(key);
    group.querySelectorAll("input").forEach((input) => {
      const value = range[Number(input.dataset.end)];
      if (input.type === "range") {
        Object.assign(input, { min: least, max: most, step, value });
        input.setAttribute("aria-valuetext", PAIRS[key].kind === "share" ? words.percent(value) : tidy(value));
      } else if (document.activeElement !== input) input.value = tidy(value * scale(key));
    });
    const place = (value) => Math.min(1, Math.max(0, (value - least) / (most - least))).toFixed(4);
    const track = group.querySelector(".track");
    track.style.setProperty("--from", place(range[0]));
    track.style.setProperty("--to", place(range[1]));
  };
  const setEnd = (key, end, value, push) => {
    const range = [...explorer.state[key]];
    range[end] = value;
    if (push && range[0] > range[1]) range[1 - end] = value;
    explorer.state[key] = range;
  };
  const showFields = () => {
    const { state } = explorer;
    const shown = explorer.used(state);
    shown.add("units");
    for (const key of Object.keys(PAIRS)) {
      find(`[data-pair="${key}"]`).hidden = !shown.has(key);
      showPair(key);
    }
    for (const input of all("[data-main]")) {
      if (document.activeElement !== input) input.value = mainText(input.dataset.main);
    }
    find(".currency").textContent = `, ${explorer.preset(state.product).currency}`;
    find(".naming").hidden = state.product !== explorer.own.id;
    if (document.activeElement?.id !== "x-name") find("#x-name").value = state.name;
    find(".made").hidden = !state.hts;
    showPresets();
    for (const select of all("select[data-choice]")) {
      select.value = state[select.dataset.choice];
      select.closest(".field").hidden = !explorer.asks(state, select.dataset.choice);
    }
    find('[data-choice="tariff_by"] [value="schedule"]').disabled = !state.hts;
    find(".lookup").hidden = state.tariff_by !== "schedule";
    if (state.hts) find("#x-origin").value = state.origins.join(",");
    if (state.tariff_by === "schedule") showLookup();
  };
  const mainText = (key) => {
    const { state } = explorer;
    const range = key === "tariff" && state.tariff_by === "schedule" ? explorer.lookedUp(state).after : state[key];
    const [low, high] = range.map((value) => tidy(value * scale(key)));
    return low === high ? low : `${low}\u2013${high}`;
  };
  const setMain = (input) => {
    const { state } = explorer;
    const key = input.dataset.main;
    const text = input.value.replace(/[$%\s,]/g, "").replace(/\u2013|\u2014|to/g, "..").replace(/(\d)-(\d)/, "$1..$2");
    const range = explorer.parsed(text)?.map((value) => value / scale(key));
    explorer.refused.delete(`main-${key}`);
    if (range && explorer.within(key, range)) {
      state[key] = range;
      if (key === "tariff") {
        if (state.tariff_by === "schedule") state.old_tariff = explorer.lookedUp(state).old_tariff;
        state.tariff_by = "rate";
      }
    } else explorer.refused.set(`main-${key}`, `${PAIRS[key].label}: write a number, or a range such as 15\u201320`);
  };
  const showPresets = () => {
    const { state } = explorer;
    const box = find(".presets");
    if (box.dataset.of === (state.hts ?? "none")) return;
    box.dataset.of = state.hts ?? "none";
    const offer = (label, act) => {
      const button = make("button", { type: "button" }, label);
      button.addEventListener("click", () => { explorer.refused.clear(); act(); refresh(label); });
      return button;
    };
    const days = state.hts ? data.presets.filter(({ day }) => day >= data.schedule[state.hts].first) : [];
    box.replaceChildren(
      offer("0%", () => Object.assign(explorer.state, { tariff_by: "rate", tariff: [0, 0] })),
      ...days.map(({ label, day }) =>
        offer(label, () => {
          const on = Math.min(day, data.schedule[explorer.state.hts].last);
          Object.assign(explorer.state, { tariff_by: "schedule", on });
        })),
    );
  };
  const showLookup = () => {
    const { state } = explorer;
    const { first, last, label } = data.schedule[state.hts];
    for (const input of all("[data-day]")) {
      const value = state[input.dataset.day];
      if (input.type === "range") {
        Object.assign(input, { min: first, max: last, value });
        input.setAttribute("aria-valuetext", explorer.dated(value));
      } else if (document.activeElement !== input) {
        Object.assign(input, { min: explorer.dated(first), max: explorer.dated(last), value: explorer.dated(value) });
      }
    }
    const { after, old_tariff } = explorer.lookedUp(state);
    const say = ([low, high]) => (low === high ? words.percent(low) : `${words.percent(low)} to ${words.percent(high)}`);
    find(".found").textContent = `${label}: ${say(after)}, before it ${say(old_tariff)} of customs value.`;
  };
  const fillOrigins = () => {
    const { state } = explorer;
    const select = find("#x-origin");
    select.replaceChildren();
    if (!state.hts) return;
    const given = explorer.fresh(state.product).origins;
    const names = data.schedule[state.hts].names;
    const option = (codes) => {
      const said = codes.map((code) => names[code]);
      const name = said.length > 1 ? `${said.slice(0, -1).join(", ")} or ${said.at(-1)}` : said[0];
      select.append(make("option", { value: codes.join(",") }, name));
    };
    const sets = [given, state.origins].filter((codes) => codes.length > 1);
    for (const codes of new Map(sets.map((set) => [set.join(), set])).values()) option(codes);
    for (const code of Object.keys(names)) option([code]);
  };

  // --- the answer --------------------------------------------------------------------------------
  const SVG = "http://www.w3.org/2000/svg";
  const shape = (name, attributes, text) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const drawing = (width, height, words) => {
    const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words });
    const hatch = shape("defs", {});
    for (const kind of ["buyers", "sellers"]) {
      const pattern = shape("pattern", {
        id: `x-${kind}`, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)",
      });
      pattern.append(
        shape("rect", { width: 6, height: 6, class: `${kind} pale` }),
        shape("rect", { width: 3, height: 6, class: kind }),
      );
      hatch.append(pattern);
    }
    svg.append(hatch);
    return svg;
  };
  const steps = (low, high, most) => {
    const rough = (high - low) / most || 1;
    const ten = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((n) => n * ten).find((n) => n >= rough);
    const found = [];
    for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9; at += step) found.push(at);
    return found;
  };
  const known = (values) => values.filter(Number.isFinite);
  // One bar before, one after, the duty by who pays it; hatched where it is a range.
  const showBars = (answer) => {
    const { state } = explorer;
    const found = answer.rules[state.rule].price;
    const [old, none] = [model.middle(state.old_price), Number.isNaN(found.low)];
    const [low, high] = none ? [old, old] : [found.low, found.high];
    const added = answer.added;
    const top = Math.max(...known([high, old + added[1], old])) * 1.02;
    const width = Math.max(find(".bars").clientWidth || 480, 260);
    const [left, right] = [58, 112];
    const x = (value) => left + ((width - left - right) * Math.max(value, 0)) / top;
    const told = none ? "No price does." : `Before ${words.span(state.old_price, words.tidy)}, after ${words.span([low, high], words.tidy)}.`;
    const svg = drawing(width, 152, told);
    for (const tick of steps(0, top, width < 420 ? 3 : 6)) {
      svg.append(
        shape("line", { x1: x(tick), x2: x(tick), y1: 4, y2: 128, class: "grid" }),
        shape("text", { x: x(tick), y: 146, class: "tick", "text-anchor": "middle" }, words.tidy(tick)),
      );
    }
    const bar = (y, from, to, kind, fill) => {
      if (!(to > from)) return;
      const attributes = { x: x(from), width: Math.max(x(to) - x(from), 0), y, height: 26, class: kind };
      if (fill) attributes.fill = `url(#${fill})`;
      svg.append(shape("rect", attributes));
    };
    const name = (y, text) => svg.append(shape("text", { x: 0, y: y + 18, class: "name" }, text));
    const say = (y, at, text) => {
      svg.append(shape("text", { x: x(at) + 6, y: y + 18, class: "value" }, text));
    };
    name(8, "Before");
    bar(8, 0, old, "price");
    say(8, old, words.span(state.old_price, words.tidy));
    name(50, "After");
    if (!none) {
      bar(50, 0, Math.min(old, low), "price");
      bar(50, old, low, "buyers");
      bar(50, Math.max(old, low), high, "", "x-buyers");
      bar(50, low, Math.min(old, high), "cut");
      say(50, high, words.span([low, high], words.tidy));
    } else say(50, 0, "no price does");
    name(92, "Duty");
    const start = old;
    const rise = [Math.max(low - old, 0), Math.max(high - old, 0)];
    const buyers = none ? [0, 0] : [Math.min(rise[0], added[0]), Math.min(rise[1], added[1])];
    bar(92, start, start + buyers[0], "buyers");
    bar(92, start + buyers[0], start + buyers[1], "", "x-buyers");
    bar(92, start + buyers[1], start + added[0], "sellers");
    bar(92, Math.max(start + buyers[1], start + added[0]), start + added[1], "", "x-sellers");
    svg.append(shape("text", { x: x(start) - 6, y: 110, class: "value", "text-anchor": "end" }, words.span(added, words.tidy)));
    const share = answer.rules[state.rule];
    const of = (party) => words.span([share[party].low, share[party].high], (value) => words.percent(value, 0));
    const bears = none || !Number.isFinite(share.consumer.low) ? "" : `Buyers bear ${of("consumer")} of the added duty, the seller ${of("firm")}${share.exporter.high ? `, the exporter ${of("exporter")}` : ""}.`;
    const key = make("p", { class: "key" });
    for (const [kind, text] of [["buyers", "borne by buyers"], ["sellers", "borne by the seller or exporter"]]) {
      key.append(make("span", { class: `swatch ${kind}` }), `${text} `);
    }
    key.append(make("span", { class: "swatch range" }), "a range. ", bears);
    find(".bars").replaceChildren(svg, key);
  };
  const showCurve = (answer) => {
    const { state } = explorer;
    const { inputs, form, hasCost } = explorer.inputsOf(state);
    find(".profits").hidden = !(form && hasCost);
    if (!form || !hasCost) return;
    const old = model.middle(state.old_price);
    const asked = Object.values(answer.rules).flatMap(({ price }) => known([price.low, price.high]));
    const least = Math.min(old, ...asked) * 0.9;
    const most = Math.min(Math.max(old, ...asked) * 1.12, old * 3);
    const prices = Array.from({ length: 61 }, (_, n) => least + ((most - least) * n) / 60);
    const points = model.profitCurve(inputs, form, prices);
    const ends = points.flatMap(({ before, after, low, high }) => [before, after, low, high]).filter((v) => v > -0.5);
    const [floor, top] = [Math.max(Math.min(0, ...ends), -0.5), Math.max(1.1, ...ends) * 1.04];
    const width = Math.max(find(".curve").clientWidth || find(".bars").clientWidth || 480, 260);
    const [left, height] = [44, 210];
    const x = (price) => left + ((width - left - 10) * (price - least)) / (most - least);
    const y = (profit) => 10 + ((height - 36) * (top - Math.max(profit, floor))) / (top - floor);
    const svg = drawing(width, height, "Profit by price, as a share of the old profit: before the tariff, and after it with its range.");
    for (const tick of steps(floor, top, 4)) {
      svg.append(
        shape("line", { x1: left, x2: width - 10, y1: y(tick), y2: y(tick), class: "grid" }),
        shape("text", { x: left - 6, y: y(tick) + 4, class: "tick", "text-anchor": "end" }, words.percent(tick, 0)),
      );
    }
    for (const tick of steps(least, most, width < 420 ? 4 : 6)) {
      svg.append(shape("text", { x: x(tick), y: height - 6, class: "tick", "text-anchor": "middle" }, words.tidy(tick)));
    }
    const path = (key) => points.map((point, n) => `${n ? "L" : "M"}${x(point.price).toFixed(1)},${y(point[key]).toFixed(1)}`).join("");
    const back = [...points].reverse().map((point) => `L${x(point.price).toFixed(1)},${y(point.low).toFixed(1)}`).join("");
    svg.append(
      shape("path", { d: `${path("high")}${back}Z`, class: "band" }),
      shape("path", { d: path("before"), class: "before" }),
      shape("path", { d: path("after"), class: "after" }),
      shape("line", { x1: x(old), x2: x(old), y1: 10, y2: height - 26, class: "old" }),
      shape("text", { x: x(old) + 4, y: 22, class: "tick" }, "old price"),
    );
    const { price } = answer.rules[state.rule];
    if (Number.isFinite(price.low)) {
      svg.append(shape("rect", { x: x(price.low), width: Math.max(x(price.high) - x(price.low), 2), y: height - 30, height: 5, class: "buyers" }));
    }
    const key = make("p", { class: "key" });
    key.append(make("span", { class: "swatch grey" }), "before ", make("span", { class: "swatch blue" }), "after, at the middle of the ranges; band: over them. ");
    find(".curve").replaceChildren(svg, key);
  };
  const showRules = (answer) => {
    const { state } = explorer;
    const box = find(".rules");
    const focused = document.activeElement?.name === "x-rule" ? document.activeElement.value : null;
    box.querySelectorAll(".rule").forEach((old) => old.remove());
    for (const [rule, told] of Object.entries(answer.rules)) {
      const radio = make("input", { type: "radio", name: "x-rule", value: rule, id: `x-rule-${rule}` });
      radio.checked = rule === state.rule;
      const label = make("label", { for: radio.id }, data.rules[rule]);
      const { price } = told;
      const asked = Number.isNaN(price.low) ? "no price does" : words.span([price.low, price.high], words.tidy);
      const value = make("span", { class: "value" }, `${asked}${price.exact ? "" : " or more"}`);
      box.append(make("div", { class: "rule" }, radio, label, value));
      if (rule === focused) radio.focus();
    }
  };
  const showTable = (answer) => {
    const percent = (value) => words.signed(value);
    const columns = [["price", words.money], ["change", percent], ["margin", words.money], ["volume", percent],
      ["profit", percent], ["consumer", words.percent], ["firm", words.percent], ["exporter", words.percent]];
    const heads = all(".numbers thead th").slice(1).map((head) => head.textContent);
    const body = find(".numbers tbody");
    body.replaceChildren(...Object.entries(answer.rules).map(([rule, told]) => make("tr", {},
      make("th", { scope: "row" }, data.rules[rule]),
      ...columns.map(([key, say], n) => {
        if (!Object.hasOwn(told, key)) return make("td", { class: "number", "data-label": heads[n] }, "\u2013");
        const range = words.ranged(told[key], say);
        const cell = make("td", { class: "number", "data-label": heads[n] }, range || words.told(told[key], say));
        if (range) cell.append(make("span", { class: "range" }, words.told(told[key], say)));
        return cell;
      }))));
  };
  let speaking = 0;
  const speak = (text) => {
    clearTimeout(speaking);
    speaking = setTimeout(() => { find("[role=status]").textContent = text; }, 600);
  };
  let before = ""; // the headline told last
  const showAnswer = (changed) => {
    const { state } = explorer;
    const wrong = explorer.problems(state);
    find(".problems").replaceChildren(...wrong.map(([, text]) => make("li", {}, `${text}.`)));
    host.classList.toggle("stale", wrong.length > 0);
    if (wrong.length) { // no answer that is not to what is there
      find(".headline").textContent = find(".otherwise").textContent = "";
      return;
    }
    const answer = explorer.answer(state);
    if (!Object.hasOwn(answer.rules, state.rule)) state.rule = "dollar";
    const text = words.headline(state, answer);
    find(".headline").textContent = text;
    find(".total").textContent = words.total(state, answer);
    find(".started").textContent = words.startedOff(state);
    const finding = words.identified(state, answer);
    const told = finding === find(".identified").textContent ? text : finding;
    find(".identified").textContent = finding;
    find(".otherwise").textContent = words.otherwise(state, answer);
    showRules(answer);
    showBars(answer);
    showCurve(answer);
    showTable(answer);
    find("textarea").value = explorer.toml(state);
    speak(changed ? `${changed}: ${text === before ? told : text}` : text);
    before = text;
  };

  // --- events --------------------------------------------------------------------------------------
  let waiting = 0;
  const refresh = (changed, keepAddress) => {
    showFields();
    showAnswer(changed);
    if (!keepAddress && !explorer.refused.size) {
      clearTimeout(waiting);
      waiting = setTimeout(() => history.replaceState(null, "", explorer.address(explorer.state)), 250);
    }
  };
  const begin = (state, keepAddress) => {
    explorer.state = state;
    explorer.refused.clear();
    find("#x-product").value = state.product;
    fillOrigins();
    refresh("", keepAddress);
  };
  const labelOf = (target) =>
    target.getAttribute("aria-label") ?? host.querySelector(`label[for="${target.id}"]`)?.textContent ?? "";
  const setDay = (target) => {
    const { state } = explorer;
    const key = target.dataset.day;
    const value = target.type === "range" ? Number(target.value) : explorer.readDay(state, target.value);
    explorer.refused.delete(key);
    if (value !== null) { state[key] = value; return; }
    const { first, last } = data.schedule[state.hts];
    explorer.refused.set(key, `The rates are known from ${explorer.dated(first)} to ${explorer.dated(last)}; choose a day between`);
  };
  host.addEventListener("input", ({ target }) => {
    const { state } = explorer;
    const pair = target.closest("[data-pair]");
    if (pair && target.value !== "" && Number.isFinite(Number(target.value))) {
      const key = pair.dataset.pair;
      explorer.refused.delete(`main-${key}`);
      setEnd(key, Number(target.dataset.end), Number(target.value) / (target.type === "range" ? 1 : scale(key)), target.type === "range");
    } else if (target.dataset.main && target.value !== "") setMain(target);
    else if (target.dataset.day && target.value) setDay(target);
    else if (target.id === "x-name") state.name = explorer.named(target.value) || explorer.own.name;
    else if (target.name === "x-rule") state.rule = target.value;
    else return;
    refresh(labelOf(target));
  });
  host.addEventListener("change", ({ target }) => {
    if (target.id === "x-product") begin(explorer.fresh(target.value));
    else if (target.id === "x-origin") {
      Object.assign(explorer.state, { origins: target.value.split(","), tariff_by: "schedule" });
      explorer.refused.delete("main-tariff");
      refresh("Made in");
    } else if (target.dataset.choice) { explorer.state[target.dataset.choice] = target.value; refresh(labelOf(target)); }
    else if (target.matches("input")) refresh(labelOf(target));
  });
  host.addEventListener("focusout", ({ target }) => {
    if (target.dataset.main && explorer.refused.delete(`main-${target.dataset.main}`)) refresh(labelOf(target));
    else if (target.dataset.day && explorer.refused.delete(target.dataset.day)) refresh(labelOf(target));
  });
  let wide = 0;
  new ResizeObserver(() => {
    const now = find(".answer").clientWidth;
    if (now !== wide && explorer.state && !host.classList.contains("stale")) { wide = now; showAnswer(); }
  }).observe(find(".answer"));
  const copy = async (button, text, what) => {
    try {
      await navigator.clipboard.writeText(text);
      find("[role=status]").textContent = button.textContent = `${what} copied`;
    } catch {
      find(".case").open = true;
      find("textarea").value = text;
      find("textarea").select();
      button.textContent = "Select and copy below";
    }
    setTimeout(() => { button.textContent = button.dataset.says; }, 2000);
  };
  // Where the page is published, if it says so; else where it is.
  const home = document.querySelector('link[rel="canonical"]')?.href ?? location.href.split("#")[0];
  find("#x-link").addEventListener("click", ({ currentTarget }) =>
    copy(currentTarget, `${home}${explorer.address(explorer.state)}`, "Link"));
  find("#x-case").addEventListener("click", ({ currentTarget }) =>
    copy(currentTarget, explorer.toml(explorer.state), "Case"));
  find("#x-reset").addEventListener("click", () => begin(explorer.fresh(explorer.state.product)));
  find("form").addEventListener("submit", (event) => event.preventDefault());

  const arrive = () => {
    if (!location.hash.startsWith("#explore?")) return false;
    const { next, lost } = explorer.fromAddress(location.hash);
    begin(next, true);
    find(".lost").textContent = lost.length ? `The link says something of ${lost.join(", ")} that cannot be read; the rest is as it says.` : "";
    document.getElementById("explorer").scrollIntoView();
    return true;
  };
  const groups = new Map();
  for (const product of [...data.products, explorer.own]) {
    if (!groups.has(product.title)) groups.set(product.title, make("optgroup", { label: product.title }));
    groups.get(product.title).append(make("option", { value: product.id }, product.name));
  }
  find("#x-product").append(...groups.values());
  host.hidden = false;
  addEventListener("hashchange", arrive);
  if (!arrive()) begin(explorer.fresh(data.products[0].id), true);
}
