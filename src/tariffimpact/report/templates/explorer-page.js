// The explorer: fields and sliders set a state, the state gives an answer, the answer is shown.
const explorer = (() => {
  const host = document.getElementById("explorer-tool");
  if (!host) return null;
  const data = JSON.parse(document.getElementById("explorer-data").textContent);
  const PAIRS = data.pairs;
  const CHOICES = ["price_by", "caused_by", "tariff_by", "customs_by", "cost_by", "demand", "rule"];
  const DATES = ["on", "before"];
  const USES = {
    price_by: { new_price: ["new_price"], price_change: ["price_change"], none: [] },
    caused_by: { share: ["caused_share"], otherwise: ["counterfactual_change"] },
    tariff_by: { rate: ["tariff", "old_tariff"], schedule: [] },
    customs_by: {
      share: ["customs_share"], value: ["customs_value"], metal: ["metal_grams", "metal_price_per_tonne"],
    },
    cost_by: { share: ["cost_share"], money: ["unit_cost"], customs: [], none: [] },
    demand: { linear: ["elasticity"], isoelastic: ["elasticity"], logit: ["elasticity", "buyers_share"], none: [] },
  };
  const ALWAYS = ["old_price", "dutiable_share", "exporter_cut", "specific", "old_specific"];
  const OWN = "own";
  const NAME_LETTERS = 60;
  const own = {
    id: OWN, title: "Something else", name: "My product", company: "", currency: "USD", state: {},
  };
  let state = null;
  const refused = new Map(); // what was typed that no state can hold, by field

  // --- state --------------------------------------------------------------------------------------
  const known = (id) => [...data.products, own].find((product) => product.id === id);
  const preset = (id) => known(id) ?? data.products[0];
  const fresh = (id) =>
    structuredClone({ ...data.neutral, ...preset(id).state, product: preset(id).id, name: preset(id).name });
  // Nothing is asked of what caused a rise that is not given.
  const asks = (s, key) => key !== "caused_by" || s.price_by !== "none";
  const used = (s) =>
    new Set([...ALWAYS, ...Object.entries(USES).flatMap(([key, uses]) => (asks(s, key) ? uses[s[key]] : []))]);
  const day = (text) => Date.parse(`${text}T00:00:00Z`) / 864e5;
  const dated = (number) => new Date(number * 864e5).toISOString().slice(0, 10);

  const ratesOf = (hts, origin, on) => {
    const spells = data.schedule[hts].spells[data.schedule[hts].origins[origin]];
    let found = null;
    for (const [start, low, high] of spells) if (start <= on) found = [low, high];
    return found;
  };
  const lookedUp = (s) => {
    const hull = (ranges) => [Math.min(...ranges.map((r) => r[0])), Math.max(...ranges.map((r) => r[1]))];
    const after = s.origins.map((origin) => ratesOf(s.hts, origin, s.on));
    const before = s.origins.map((origin) => ratesOf(s.hts, origin, s.before));
    const changes = after.map(([low, high], n) => [low - before[n][1], high - before[n][0]]);
    return { tariff_change: hull(changes), old_tariff: hull(before), after: hull(after) };
  };
  const inputsOf = (s) => {
    const inputs = {};
    for (const key of used(s)) inputs[key] = s[key];
    const change = (after, old) => [after[0] - old[1], after[1] - old[0]];
    const now = { tariff: s.tariff, specific: s.specific }; // what is owed, whatever it was before
    if (s.tariff_by === "schedule") {
      const { after, ...found } = lookedUp(s);
      Object.assign(inputs, found);
      now.tariff = after;
    } else inputs.tariff_change = change(s.tariff, s.old_tariff);
    inputs.specific_change = change(s.specific, s.old_specific);
    for (const key of ["tariff", "specific", "old_specific"]) delete inputs[key];
    return { inputs, now, form: s.demand === "none" ? null : s.demand, hasCost: s.cost_by !== "none" };
  };

  // --- what cannot be ------------------------------------------------------------------------------
  const problems = (s) => {
    const found = [...refused];
    for (const key of used(s)) {
      const { label, least, above, most } = PAIRS[key];
      const [low, high] = s[key];
      if (!(low <= high)) found.push([key, `${label}: the lower end is above the higher one; swap them`]);
      else if (above !== undefined && !(low > above)) found.push([key, `${label} must be above ${above}`]);
      else if (low < (least ?? -Infinity) || high > (most ?? Infinity)) {
        found.push([key, `${label} lies in ${shown(key, least ?? 0)} to ${shown(key, most)}`]);
      }
    }
    if (found.length) return found;
    const { inputs, hasCost } = inputsOf(s);
    const corners = model.cornersOf(inputs);
    if (corners.some((x) => model.customsValue(x) > x.old_price)) {
      found.push(["customs", "The customs value may be above the price; lower it"]);
    }
    if (corners.some((x) => x.old_price + model.costRise(x) <= 0)) {
      found.push(["exporter_cut", "The fall of cost takes more off than the whole price; lower it"]);
    }
    if (hasCost && corners.some((x) => model.unitCost(x) >= x.old_price)) {
      found.push(["cost", "The unit cost may reach the price; a product sold at a loss has no margin to hold"]);
    }
    if (hasCost && corners.some((x) => model.unitCost(x) + model.costRise(x) <= 0)) {
      found.push(["cost", "The fall of cost takes off more than the unit cost; lower it"]);
    }
    return found;
  };

  // --- the address ---------------------------------------------------------------------------------
  const written = ([low, high]) => (low === high ? `${low}` : `${low}..${high}`);
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const address = (s) => {
    const base = fresh(s.product);
    const query = new URLSearchParams({ product: s.product });
    if (s.product === OWN && s.name !== base.name) query.set("name", s.name);
    for (const key of Object.keys(PAIRS)) if (!same(s[key], base[key])) query.set(key, written(s[key]));
    for (const key of CHOICES) if (s[key] !== base[key]) query.set(key, s[key]);
    if (s.hts && !same(s.origins, base.origins)) query.set("origins", s.origins.join(","));
    for (const key of DATES) if (s.hts && s[key] !== base[key]) query.set(key, dated(s[key]));
    return `#explore?${query}`;
  };
  const parsed = (text) => {
    const ends = text.split("..").map((end) => (end.trim() === "" ? NaN : Number(end)));
    const range = ends.length === 1 ? [ends[0], ends[0]] : ends;
    return range.length === 2 && range.every(Number.isFinite) ? range : null;
  };
  // A text of the link is taken only if it is one of what the page itself could have written.
  const within = (key, range) => {
    const { least, above, most } = PAIRS[key];
    const [low, high] = range;
    return low <= high && low >= (least ?? -Infinity) && !(above !== undefined && low <= above) && high <= (most ?? Infinity);
  };
  const named = (text) => text.replace(/[\u0000-\u001f\u007f]/g, " ").trim().slice(0, NAME_LETTERS);
  const read = (next, key, text) => {
    if (Object.hasOwn(PAIRS, key)) {
      const range = parsed(text);
      return range && within(key, range) ? range : null;
    }
    if (key === "tariff_by" && text === "schedule" && !next.hts) return null;
    if (Object.hasOwn(USES, key)) return Object.hasOwn(USES[key], text) ? text : null;
    if (key === "rule") return Object.hasOwn(data.rules, text) ? text : null;
    if (key === "name") return next.product === OWN ? named(text) || null : null;
    if (key === "origins" && next.hts) {
      const codes = [...new Set(text.split(","))];
      return codes.every((code) => Object.hasOwn(data.schedule[next.hts].origins, code)) ? codes : null;
    }
    if (DATES.includes(key) && next.hts) return readDay(next, text);
    return null;
  };
  const readDay = (s, text) => {
    const number = day(text);
    const { first, last } = data.schedule[s.hts];
    const is = Number.isInteger(number) && number >= first && number <= last;
    return is && dated(number) === text ? number : null;
  };
  const fromAddress = (hash) => {
    const query = new URLSearchParams(hash.slice("#explore?".length));
    const asked = query.get("product");
    const next = fresh(asked);
    const lost = asked !== null && next.product !== asked ? ["product"] : [];
    for (const [key, text] of query) {
      if (key === "product") continue;
      const value = read(next, key, text);
      if (value === null) lost.push(key.slice(0, NAME_LETTERS));
      else next[key] = value;
    }
    return { next, lost: [...new Set(lost)] };
  };

  // --- a case the command line accepts -------------------------------------------------------------
  const quoted = (text) => JSON.stringify(text).replace(/\u007f/g, "\\u007f");
  const number = ([low, high]) => (low === high ? `${low}` : `"${low}..${high}"`);
  const REASON = "Set in the explorer of the report.";
  const toml = (s) => {
    const item = preset(s.product);
    const lines = [`title = ${quoted(`What if: ${s.name}`)}`, 'question = "What would it cost, and who would bear it?"'];
    if (item.company) lines.push(`company = ${quoted(item.company)}`);
    lines.push(`currency = ${quoted(item.currency)}`, "", "[tariff]");
    if (s.tariff_by === "schedule") {
      lines.push(`hts = ${quoted(s.hts)}`, `origins = [${s.origins.map(quoted).join(", ")}]`);
      lines.push(`on = ${dated(s.on)}`, `before = ${dated(s.before)}`);
    } else lines.push(`rate = ${number(s.tariff)}`, `old_rate = ${number(s.old_tariff)}`);
    for (const key of ["specific", "old_specific"]) if (!same(s[key], [0, 0])) lines.push(`${key} = ${number(s[key])}`);
    lines.push(`reason = ${quoted(REASON)}`);
    if (s.demand !== "none") {
      lines.push("", "[demand]", `form = ${quoted(s.demand)}`, `elasticity = ${number(s.elasticity)}`);
      if (s.demand === "logit") lines.push(`share = ${number(s.buyers_share)}`);
      lines.push(`reason = ${quoted(REASON)}`);
    }
    lines.push("", "[[products]]", `name = ${quoted(s.name)}`, `old_price = ${number(s.old_price)}`);
    if (s.price_by === "new_price") lines.push(`new_price = ${number(s.new_price)}`);
    if (s.price_by === "price_change") lines.push(`price_change = ${s.price_change[0]}`);
    if (s.customs_by === "metal") {
      const metal = [`grams = ${number(s.metal_grams)}`, `price_per_tonne = ${number(s.metal_price_per_tonne)}`];
      lines.push(`metal = { ${metal.join(", ")}, reason = ${quoted(REASON)} }`);
    } else for (const key of USES.customs_by[s.customs_by]) lines.push(`${key} = ${number(s[key])}`);
    const caused = asks(s, "caused_by") ? USES.caused_by[s.caused_by] : [];
    for (const key of ["dutiable_share", ...caused, "exporter_cut"]) lines.push(`${key} = ${number(s[key])}`);
    for (const key of USES.cost_by[s.cost_by]) lines.push(`${key} = ${number(s[key])}`);
    if (s.cost_by === "customs") lines.push("no_other_cost = true");
    lines.push(`units = ${number(s.units)}`, `reason = ${quoted(REASON)}`);
    return `${lines.join("\n")}\n`;
  };

  // --- words ---------------------------------------------------------------------------------------
  const percent = (share, digits = 1) => `${(100 * share).toFixed(digits).replace(/^-(0\.?0*)$/, "$1").replace("-", "\u2212")}%`;
  const signed = (share) => `${share > 0 ? "+" : ""}${percent(share)}`;
  const money = (amount) => {
    const currency = preset(state.product).currency;
    const digits = Math.abs(amount) >= 1000 ? 0 : 2;
    return new Intl.NumberFormat("en-US", { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits })
      .format(amount).replace("-", "\u2212");
  };
  const shown = (key, value) => {
    if (value === undefined) return "any amount";
    const { kind } = PAIRS[key];
    return kind === "share" ? percent(value, 0) : `${value}`;
  };
  const ranged = (found, say) => {
    if (Number.isNaN(found.low)) return "";
    if (found.pieces?.length === 2) return found.pieces.map((ends) => ends.map(say).join(" to ")).join(", or ");
    const [low, high] = [say(found.low), say(found.high)];
    return low === high ? "" : `${low} to ${high}`;
  };
  const told = (found, say) => (Number.isNaN(found.middle) ? "none" : say(found.middle));

  const span = ([low, high], say) => {
    const [one, other] = [say(low), say(high)];
    return one === other ? one : `${one} to ${other}`;
  };
  const tidy = (amount) => {
    const currency = preset(state.product).currency;
    const whole = Math.abs(amount - Math.round(amount)) < 0.005;
    const digits = whole || Math.abs(amount) >= 100 ? 0 : 2;
    return new Intl.NumberFormat("en-US", { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits })
      .format(amount).replace("-", "\u2212");
  };
  const big = (amount) => {
    const currency = preset(state.product).currency;
    return new Intl.NumberFormat("en-US", { style: "currency", currency, notation: "compact", maximumSignificantDigits: 3 })
      .format(amount).replace("K", "k").replace("M", "m").replace("B", "bn").replace("T", "tn");
  };
  const tariffNow = (s) => {
    const after = s.tariff_by === "schedule" ? lookedUp(s).after : s.tariff;
    const digits = after.every((rate) => Math.abs(100 * rate - Math.round(100 * rate)) < 1e-9) ? 0 : 1;
    const rate = span(after, (share) => percent(share, digits));
    if (s.specific[1] === 0) return rate;
    const perUnit = `${span(s.specific, tidy)} a unit`;
    return after[1] === 0 ? perUnit : `${rate} and ${perUnit}`;
  };
  const listed = (names) =>
    names.length > 1 ? `${names.slice(0, -1).join(", ")} or ${names.at(-1)}` : names[0];
  const madeIn = (s) => {
    if (s.tariff_by !== "schedule") return "";
    return ` made in ${listed(s.origins.map((code) => data.schedule[s.hts].names[code]))}`;
  };
  const AIMS = {
    dollar: "to keep its dollars the seller must ask",
    percent: "to keep its margin in percent the seller must ask",
    profit: "to keep its profit the seller must ask",
    maximise: "the most profitable price is",
    observed: "the seller asked",
  };
  const noPrice = (answer) => {
    const best = answer.rules.maximise;
    if (!best || !(best.profit.middle > -1)) return "no price keeps its profit: cost is above the highest price anyone pays";
    const left = span([-best.profit.high, -best.profit.low].map((v) => Math.max(v, 0)), (v) => percent(v));
    return `no price keeps its profit: the best leaves it ${left} lower`;
  };
  const headline = (s, answer) => {
    const found = answer.rules[s.rule];
    const { price } = found;
    const old = span(s.old_price, tidy);
    const owes = span(answer.bill, tidy);
    const first = `A ${old} ${s.name}${madeIn(s)} owes ${owes} at ${tariffNow(s)}`;
    if (Number.isNaN(price.low)) return `${first}; ${noPrice(answer)}.`;
    const asked = price.pieces?.length === 2
      ? price.pieces.map((ends) => span(ends, tidy)).join(", or ") : span([price.low, price.high], tidy);
    return `${first}; ${AIMS[s.rule]} ${asked}${caution(price)}.`;
  };
  const caution = (price) => {
    const parts = [];
    if (!price.exact) parts.push("at the corners of the ranges; between them it may go further");
    if (price.none) parts.push(`no price does at ${price.none} of ${price.tried} corners`);
    return parts.length ? ` (${parts.join("; ")})` : "";
  };
  const total = (s, answer) => {
    const [low, high] = s.units;
    if (low === 1 && high === 1) return "";
    const bill = [answer.bill[0] * low, answer.bill[1] * high];
    const count = span(s.units, (n) => new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 }).format(n).replace("K", "k").replace("M", "m").replace("B", "bn"));
    return `At ${count} units a year the duty comes to ${span(bill, big)}, before any buyer is lost.`;
  };
  // Whether the old price was the best one under the same demand: answers about profit mix both.
  const startedOff = (s) => {
    const { inputs, form, hasCost } = inputsOf(s);
    if (!hasCost || !form || (form === "isoelastic" && !(model.middle(inputs.elasticity) > 1))) return "";
    const best = model.bestBefore(inputs, form);
    const old = model.middle(s.old_price);
    if (!(Math.abs(best / old - 1) > 0.02)) return "";
    return `At the middle of the ranges ${tidy(old)} was not the best price before the tariff either: ${tidy(best)} was. Prices that keep or maximise profit answer to that as well as to the duty.`;
  };
  const identified = (s, answer) => {
    const found = answer.passThrough;
    if (s.price_by === "none") return "No new price is given, so there is no pass-through to tell.";
    if (!found) return "The duty may not change, or may go either way: a pass-through rate is not identified.";
    const against = s.caused_by === "otherwise";
    const subject = against ? "Against what it would have done without the tariff, the price" : "Price";
    if (found.apart) return `${subject} and tariff moved in different directions, so no pass-through rate exists.`;
    const share = (r) => (r === Infinity ? "no bound" : percent(Math.max(r, 0), 0));
    const verdict = { less: "less than full", more: "more than full", open: "it cannot be told whether that is more or less than full" }[found.verdict];
    const first = `${against ? subject : "The rise that was observed"} passes on ${ofDuty(found)}: ${verdict}.`;
    if (!(found.rate[1] > 0) || !found.fullShare) return first;
    return `${first} It is exactly full where the customs value is ${span(found.fullShare, share)} of the price.`;
  };
  const ratio = (rate) => {
    if (Math.abs(rate) === Infinity) return "no bound";
    return rate.toFixed(2).replace(/^-(0\.00)$/, "$1").replace("-", "\u2212");
  };
  const ofDuty = ({ rate }) => `${span(rate, ratio)} dollars per dollar of duty`;
  // What the price that would have been does to the range of the pass-through.
  const otherwise = (s, answer) => {
    const { passThrough: found, hadItStayed: stayed } = answer;
    if (s.price_by === "none" || s.caused_by !== "otherwise" || !found) return "";
    const [low, high] = s.counterfactual_change;
    const old = model.middle(s.old_price);
    const price = span([old * (1 + low), old * (1 + high)], tidy);
    const now = found.apart ? "no pass-through rate" : `a pass-through of ${ofDuty(found)}`;
    if (low === 0 && high === 0) return `Taken to have stayed at ${price} without the tariff, which is an assumption: ${now}.`;
    const before = stayed.apart ? "none" : span(stayed.rate, ratio);
    return `It would have been ${price} without the tariff: ${now}, where a price that stays makes it ${before}.`;
  };

  return {
    data, host, PAIRS, fresh, used, asks, lookedUp, problems, address,
    fromAddress, toml, own, refused, inputsOf, readDay, parsed, within, named, preset,
    words: { percent, signed, money, ranged, told, headline, identified, otherwise, total, startedOff, tariffNow, span, tidy },
    dated, day, get state() { return state; }, set state(next) { state = next; },
    answer: (s) => model.answer(inputsOf(s)),
  };
})();
