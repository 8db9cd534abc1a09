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
    const { kind, span } = PAIRS[key];
    const top = kind === "amount" ? 2 * Math.max(explorer.state[key][1], explorer.fresh(explorer.state.product)[key][1]) : span[1];
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
    for (const select of all("select[data-choice]")) select.value = state[select.dataset.choice];
    find('[data-choice="tariff_by"] [value="schedule"]').disabled = !state.hts;
    find(".lookup").hidden = state.tariff_by !== "schedule";
    if (state.tariff_by === "schedule") showLookup();
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
    find("#x-origin").value = state.origins.join(",");
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
  const strips = (rows, say, marks) => {
    const values = rows.flatMap(({ found }) => [found.low, found.high, found.middle]).concat(marks).filter(Number.isFinite);
    const pad = 0.04 * (Math.max(...values) - Math.min(...values)) || Math.abs(values[0]) * 0.05 || 1;
    const [low, high] = [Math.min(...values) - pad, Math.max(...values) + pad];
    const place = (value) => `${((100 * (value - low)) / (high - low)).toFixed(2)}%`;
    return rows.map(({ found }) => {
      const track = make("div", { class: "strip", "aria-hidden": "true" });
      const put = (kind, from, to) => {
        const part = make("span", { class: kind });
        part.style.setProperty("--at", place(from));
        if (to !== undefined) part.style.setProperty("--width", `${Math.max(0, parseFloat(place(to)) - parseFloat(place(from)))}%`);
        track.append(part);
      };
      for (const mark of marks) put("mark", mark);
      for (const [from, to] of found.pieces ?? [[found.low, found.high]]) if (Number.isFinite(from)) put("span", from, to);
      if (Number.isFinite(found.middle)) put("dot", found.middle);
      return track;
    });
  };
  const showRules = (answer) => {
    const { state } = explorer;
    const box = find(".rules");
    const rows = Object.entries(answer.rules).map(([rule, told]) => ({ rule, found: told.price }));
    const tracks = strips(rows, words.money, [model.middle(state.old_price)]);
    const focused = document.activeElement?.name === "x-rule" ? document.activeElement.value : null;
    box.querySelectorAll(".rule").forEach((old) => old.remove());
    rows.forEach(({ rule, found }, n) => {
      const radio = make("input", { type: "radio", name: "x-rule", value: rule, id: `x-rule-${rule}` });
      radio.checked = rule === state.rule;
      const label = make("label", { for: radio.id }, data.rules[rule]);
      const value = make("span", { class: "value" }, Number.isNaN(found.middle) ? "no price does" : words.money(found.middle));
      const range = words.ranged(found, words.money);
      const span = make("span", { class: "range" }, range ? `${range}${found.exact ? "" : " or more"}` : "");
      box.append(make("div", { class: "rule" }, radio, label, value, span, tracks[n]));
      if (rule === focused) radio.focus();
    });
  };
  const PARTIES = { consumer: "Buyers", firm: "Sellers", exporter: "Exporter" };
  const showBearing = (answer) => {
    const told = answer.rules[explorer.state.rule];
    const box = find(".bearing");
    const rows = Object.keys(PARTIES).map((party) => ({ party, found: told[party] }));
    const none = !Number.isFinite(told.consumer.middle);
        find(".bearing-title").textContent = none
      ? "No price, so nobody bears the duty at it"
      : `Who bears the ${words.money(answer.duty)} of duty a unit at that price`;
    box.replaceChildren();
    if (none) return;
    const tracks = strips(rows, words.percent, [0]);
    rows.forEach(({ party, found }, n) => {
      const gains = found.middle < 0 ? " (a gain)" : "";
      box.append(make("div", { class: "party" },
        make("span", { class: "name" }, PARTIES[party]),
        make("span", { class: "value" }, `${words.percent(found.middle, 0)}${gains}`),
        make("span", { class: "range" }, words.ranged(found, (v) => words.percent(v, 0))), tracks[n]));
    });
  };
  const showTable = (answer) => {
    const percent = (value) => words.signed(value);
    const columns = [["price", words.money], ["change", percent], ["margin", words.money], ["volume", percent],
      ["profit", percent], ["consumer", words.percent], ["firm", words.percent], ["exporter", words.percent]];
    const body = find(".numbers tbody");
    body.replaceChildren(...Object.entries(answer.rules).map(([rule, told]) => make("tr", {},
      make("th", { scope: "row" }, data.rules[rule]),
      ...columns.map(([key, say]) => {
        if (!(key in told)) return make("td", { class: "number" }, "\u2013");
        const range = words.ranged(told[key], say);
        const cell = make("td", { class: "number" }, words.told(told[key], say));
        if (range) cell.append(make("span", { class: "range" }, range));
        return cell;
      }))));
  };
  let speaking = 0;
  const speak = (text) => {
    clearTimeout(speaking);
    speaking = setTimeout(() => { find("[role=status]").textContent = text; }, 600);
  };
  const showAnswer = () => {
    const { state } = explorer;
    const wrong = explorer.problems(state);
    find(".problems").replaceChildren(...wrong.map(([, text]) => make("li", {}, `${text}.`)));
    find(".answer").classList.toggle("stale", wrong.length > 0);
    if (wrong.length) { speak(wrong[0][1]); return; }
    const answer = explorer.answer(state);
    if (!(state.rule in answer.rules)) state.rule = "dollar";
    const text = words.headline(state, answer);
    find(".headline").textContent = text;
    const told = answer.rules[state.rule];
    const notes = [];
    if (told.margin && Number.isFinite(told.margin.middle)) notes.push(`Margin ${words.money(told.margin.middle)} a unit`);
    if (told.volume && Number.isFinite(told.volume.middle)) notes.push(`units sold ${words.signed(told.volume.middle)}`);
    if (told.profit && Number.isFinite(told.profit.middle)) notes.push(`profit ${words.signed(told.profit.middle)}`);
    find(".margin").textContent = notes.length ? `${notes.join(", ")}.` : "";
    find(".identified").textContent = words.identified(state, answer);
    showRules(answer);
    showBearing(answer);
    showTable(answer);
    find("textarea").value = explorer.toml(state);
    speak(text);
  };

  // --- events --------------------------------------------------------------------------------------
  let waiting = 0;
  const refresh = (keepAddress) => {
    showFields();
    showAnswer();
    if (!keepAddress) {
      clearTimeout(waiting);
      waiting = setTimeout(() => history.replaceState(null, "", explorer.address(explorer.state)), 250);
    }
  };
  const begin = (state, keepAddress) => {
    explorer.state = state;
    find("#x-product").value = state.product;
    fillOrigins();
    refresh(keepAddress);
  };
  host.addEventListener("input", ({ target }) => {
    const { state } = explorer;
    const pair = target.closest("[data-pair]");
    if (pair && target.value !== "" && Number.isFinite(Number(target.value))) {
      const key = pair.dataset.pair;
      setEnd(key, Number(target.dataset.end), Number(target.value) / (target.type === "range" ? 1 : scale(key)), target.type === "range");
    } else if (target.dataset.day && target.value) {
      const value = target.type === "range" ? Number(target.value) : explorer.day(target.value);
      const { first, last } = data.schedule[state.hts];
      if (value >= first && value <= last) state[target.dataset.day] = value;
    } else if (target.name === "x-rule") state.rule = target.value;
    else return;
    refresh();
  });
  host.addEventListener("change", ({ target }) => {
    if (target.id === "x-product") begin(explorer.fresh(target.value));
    else if (target.id === "x-origin") { explorer.state.origins = target.value.split(","); refresh(); }
    else if (target.dataset.choice) { explorer.state[target.dataset.choice] = target.value; refresh(); }
    else if (target.matches("input")) refresh();
  });
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
  find("#x-link").addEventListener("click", ({ currentTarget }) =>
    copy(currentTarget, `${location.href.split("#")[0]}${explorer.address(explorer.state)}`, "Link"));
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
  for (const product of data.products) {
    if (!groups.has(product.title)) groups.set(product.title, make("optgroup", { label: product.title }));
    groups.get(product.title).append(make("option", { value: product.id }, product.name));
  }
  find("#x-product").append(...groups.values());
  host.hidden = false;
  addEventListener("hashchange", arrive);
  if (!arrive()) begin(explorer.fresh(data.products[0].id), true);
}
