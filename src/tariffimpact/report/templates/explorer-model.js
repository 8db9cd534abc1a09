// What a product costs under a tariff: the formulas of the library, for plain numbers and ranges.
// A range is [low, high]. A question is answered at the middle of every range and at its corners.
const model = (() => {
  const ROUNDING = 4 * Number.EPSILON;
  const middle = ([low, high]) => (low === high ? low : low + 0.5 * (high - low));

  // --- from the price to the duty and the cost --------------------------------------------------
  const customsValue = (x) => {
    if ("customs_value" in x) return x.customs_value;
    if ("metal_grams" in x) return x.metal_grams * x.metal_price_per_tonne * 1e-6;
    return x.customs_share * x.old_price;
  };
  const rateChange = (x) => x.tariff_change - (x.old_tariff + x.tariff_change) * x.exporter_cut;
  const dutyRise = (x) => rateChange(x) * x.dutiable_share * customsValue(x) + (x.specific_change ?? 0);
  const costRise = (x) => dutyRise(x) - x.exporter_cut * customsValue(x);
  const unitCost = (x) => {
    if ("unit_cost" in x) return x.unit_cost;
    return "cost_share" in x ? x.cost_share * x.old_price : customsValue(x);
  };
  const observed = (x) =>
    "new_price" in x ? x.new_price : "price_change" in x ? x.old_price * (1 + x.price_change) : NaN;

  // --- demand, in units of the old price; u is the log of the price -----------------------------
  const lambert = (t) => {
    let y = t > 1 ? Math.log(t) : t;
    for (let n = 0; n < 40; n += 1) {
      const z = Math.exp(y);
      const step = (y + z - t) / (1 + z);
      y -= step;
      if (Math.abs(step) <= 1e-15 * Math.max(1, Math.abs(y))) break;
    }
    return Math.exp(y);
  };
  const curves = {
    linear: ({ elasticity: e }) => ({
      volume: (p) => Math.max(0, 1 - e * (p - 1)),
      best: (k) => (Math.min(k, 1 + 1 / e) + 1 + 1 / e) / 2,
    }),
    isoelastic: ({ elasticity: e }) => ({
      volume: (p) => Math.exp(-e * Math.log(p)),
      best: (k) => (e > 1 ? (k * e) / (e - 1) : NaN),
      response: (u) => [-e * u, e],
      peak: (k, logMargin) => {
        if (e <= 1) return [Infinity, Infinity];
        const top = Math.log(k * (e / (e - 1)));
        return [top, Math.log(k / (e - 1)) - logMargin - e * top];
      },
    }),
    logit: ({ elasticity: e, buyers_share: s }) => {
      const a = e / (1 - s);
      const odds = Math.log(s) - Math.log1p(-s);
      const out = (p) => (1 - s) * Math.exp(Math.min(a * (p - 1), 700));
      const best = (k) => k + (1 + lambert(odds + a * (1 - k) - 1)) / a;
      return {
        volume: (p) => 1 / (s + out(p)),
        best,
        response: (u, p) => [-Math.log(s + out(p)), (a * p * out(p)) / (s + out(p))],
        peak: (k, logMargin) => {
          const z = lambert(odds + a * (1 - k) - 1);
          return [Math.log(k + (1 + z) / a), Math.log(z / (a * s)) - logMargin];
        },
      };
    },
  };

  // --- the price that holds profit: (p - k1) q(p) = (1 - k0) q(1), the root nearest to 1 --------
  const linearHold = (k0, k1, e) => {
    const rise = k1 - k0;
    const b = 1 / e - (1 - k0) + rise;
    const spread = b * b - (4 * rise) / e;
    if (spread < 0 || k1 >= 1 + 1 / e) return NaN;
    const divisor = b >= 0 ? b + Math.sqrt(spread) : b - Math.sqrt(spread);
    return 1 + (2 * (rise / e)) / (divisor === 0 ? 1 : divisor);
  };
  const newton = (start, k, logMargin, curve) => {
    let u = start;
    for (let n = 0; n < 200; n += 1) {
      const p = Math.exp(u);
      const [volume, elasticity] = curve.response(u, p);
      const lever = p / (p - k);
      const gap = Math.min(Math.log(p - k) - logMargin + volume, 0);
      const step = gap / (lever - elasticity);
      u -= step;
      if (!(Math.abs(step) * lever > 1e-8)) break;
    }
    return u;
  };
  const afterRise = (k0, k1, logMargin, curve) => {
    const [top, height] = curve.peak(k1, logMargin);
    const tolerance = ROUNDING * (1 + Math.abs(logMargin));
    if (height < -tolerance) return NaN;
    return height > tolerance ? newton(Math.log1p(k1 - k0), k1, logMargin, curve) : top;
  };
  const afterFall = (k0, k1, logMargin, curve) => {
    const thin = Math.exp(logMargin - curve.response(Math.log(k1), k1)[0]);
    const start = Math.log(k1 + Math.max(thin, ROUNDING * k1));
    const low = newton(start, k1, logMargin, curve);
    const mirrored = 2 - Math.exp(low);
    const u = Math.log(mirrored);
    const gap = Math.log(mirrored - k1) - logMargin + curve.response(u, mirrored)[0];
    return gap < 0 ? newton(u, k1, logMargin, curve) : low;
  };
  const hold = (k0, k1, form, x) => {
    if (form === "linear") return linearHold(k0, k1, x.elasticity);
    if (k1 === k0) return 1;
    const solve = k1 > k0 ? afterRise : afterFall;
    return Math.exp(solve(k0, k1, Math.log1p(-k0), curves[form](x)));
  };

  // --- rules ------------------------------------------------------------------------------------
  const rules = {
    observed: (x) => observed(x),
    dollar: (x) => x.old_price + costRise(x),
    percent: (x) => x.old_price * ((unitCost(x) + costRise(x)) / unitCost(x)),
    profit: (x, form) => {
      const [k0, k1] = [unitCost(x), unitCost(x) + costRise(x)].map((c) => c / x.old_price);
      return x.old_price * hold(k0, k1, form, x);
    },
    maximise: (x, form) => {
      const k1 = (unitCost(x) + costRise(x)) / x.old_price;
      return x.old_price * curves[form](x).best(k1);
    },
  };

  // --- everything a price means, at one point ---------------------------------------------------
  const outcome = (rule, x, form, hasCost) => {
    const price = rules[rule](x, form);
    const [duty, rise] = [dutyRise(x), costRise(x)];
    const share = (part) => (duty === 0 || Number.isNaN(price) ? NaN : part / duty); // no duty to bear
    const [consumer, exporter] = [price - x.old_price, x.exporter_cut * customsValue(x)].map(share);
    const told = {
      price,
      change: price / x.old_price - 1,
      consumer,
      exporter,
      firm: 1 - consumer - exporter,
    };
    if (hasCost) told.margin = price - (unitCost(x) + rise);
    if (hasCost && form) {
      const volume = curves[form](x).volume(price / x.old_price);
      told.volume = volume - 1;
      told.profit = (told.margin * volume) / (x.old_price - unitCost(x)) - 1;
    }
    return told;
  };

  const cornersOf = (inputs) => {
    let points = [{}];
    for (const [name, [low, high]] of Object.entries(inputs)) {
      const ends = low === high ? [low] : [low, high];
      points = points.flatMap((point) => ends.map((end) => ({ ...point, [name]: end })));
    }
    return points;
  };
  const at = (inputs) =>
    Object.fromEntries(Object.entries(inputs).map(([name, range]) => [name, middle(range)]));

  const spread = (told, corners, key) => {
    const values = corners.map((corner) => corner[key]).filter((value) => !Number.isNaN(value));
    return {
      middle: told[key],
      low: values.length ? Math.min(...values) : NaN,
      high: values.length ? Math.max(...values) : NaN,
      none: corners.length - values.length,
      tried: corners.length,
    };
  };

  // --- what the observed rise says about pass-through -------------------------------------------
  const passThrough = (inputs, change, old) => {
    const [low, high] = change;
    const cut = inputs.exporter_cut;
    const rate = [low - (old[1] + low) * cut[1], high - (old[0] + high) * cut[0]];
    const [before, after] = [middle(inputs.old_price), observed(at(inputs))];
    const moved = after - before;
    const perUnit = inputs.specific_change ?? [0, 0];
    const ends = [...rate, ...perUnit];
    const oneWay = ends.every((end) => end >= 0) || ends.every((end) => end <= 0);
    if (!oneWay || ends.every((end) => end === 0)) return null;
    const caused = causedChange(inputs, before, after);
    const along = rate[0] < 0 || perUnit[0] < 0 ? [-caused[1], -caused[0]] : caused; // positive the way of the duty
    if (along[1] < 0) return { apart: true };
    const sized = (range) => [Math.min(...range.map(Math.abs)), Math.max(...range.map(Math.abs))];
    const [size, specific] = [sized(rate), sized(perUnit)];
    const share = customsShare(inputs);
    const duty = [0, 1].map((n) => size[n] * inputs.dutiable_share[n] * share[n] * before + specific[n]);
    const bearing = [0, 1].map((n) => size[n] * inputs.dutiable_share[n] * before);
    const found = quotient(along, duty);
    const whole = "counterfactual_change" in inputs || moved === 0 ? along : [Math.abs(moved), Math.abs(moved)];
    const full = bearing[1] === 0 ? null : quotient([whole[0] - specific[1], whole[1] - specific[0]], bearing);
    const verdict = found[1] < 1 - 1e-9 ? "less" : found[0] > 1 + 1e-9 ? "more" : "open";
    return { rate: found, fullShare: full, verdict };
  };
  // What of the change is not what the price would have done anyhow.
  const causedChange = (inputs, before, after) => {
    if ("counterfactual_change" in inputs) {
      const [low, high] = inputs.counterfactual_change;
      return [after - before * (1 + high), after - before * (1 + low)];
    }
    const ends = inputs.caused_share.map((share) => share * (after - before));
    return [Math.min(...ends), Math.max(...ends)];
  };
  const over = (a, b) => (b === 0 ? (a === 0 ? 0 : a * Infinity) : a / b);
  // A range over one of numbers not below 0.
  const quotient = ([low, high], [least, most]) => [
    over(low, low < 0 ? least : most), over(high, high < 0 ? most : least),
  ];
  const customsShare = (inputs) => {
    if ("customs_share" in inputs) return inputs.customs_share;
    const [low, high] = [0, 1].map((n) => customsValue(pick(inputs, n)));
    return [low / inputs.old_price[1], Math.min(1, high / inputs.old_price[0])];
  };
  const pick = (inputs, n) =>
    Object.fromEntries(Object.entries(inputs).map(([name, range]) => [name, range[n]]));

  // --- the bill, the curve, and what the old price was -------------------------------------------
  const dutyOf = (x) => x.tariff * (1 - x.exporter_cut) * x.dutiable_share * customsValue(x) + x.specific;
  const BILLED = ["exporter_cut", "dutiable_share", "old_price", "customs_share", "customs_value", "metal_grams", "metal_price_per_tonne"];
  const duty = (inputs, now) => {
    const billed = Object.entries(inputs).filter(([key]) => BILLED.includes(key));
    return endsOf({ ...Object.fromEntries(billed), ...now }, dutyOf);
  };
  // Profit at a price, as a share of the old profit, before and after the change of cost.
  const profitAt = (price, x, form, after) => {
    const cost = unitCost(x) + (after ? costRise(x) : 0);
    return ((price - cost) * curves[form](x).volume(price / x.old_price)) / (x.old_price - unitCost(x));
  };
  const profitCurve = (inputs, form, prices) => {
    const corners = cornersOf(inputs);
    const middles = at(inputs);
    return prices.map((price) => {
      const values = corners.map((x) => profitAt(price, x, form, true));
      return {
        price,
        before: profitAt(price, middles, form, false),
        after: profitAt(price, middles, form, true),
        low: Math.min(...values),
        high: Math.max(...values),
      };
    });
  };
  const bestBefore = (inputs, form) => {
    const x = at(inputs);
    return x.old_price * curves[form](x).best(unitCost(x) / x.old_price);
  };

  // --- the whole answer -------------------------------------------------------------------------
  const answer = ({ inputs, form, hasCost, now }) => {
    const told = { rules: {}, duty: dutyRise(at(inputs)), added: endsOf(inputs, dutyRise), bill: duty(inputs, now) };
    const seen = "new_price" in inputs || "price_change" in inputs;
    const found = (given) => passThrough(given, inputs.tariff_change, inputs.old_tariff);
    told.passThrough = seen ? found(inputs) : null;
    told.hadItStayed = seen ? found({ ...inputs, counterfactual_change: [0, 0] }) : null;
    const { caused_share, counterfactual_change, ...moving } = inputs; // what was caused moves no price
    if (inputs.exporter_cut[1] === 0) moving.old_tariff = [0, 0]; // nor does the old rate, uncut
    const asked = ["dollar", ...(hasCost ? ["percent"] : []), ...(hasCost && form ? ["profit"] : [])];
    const bounded = form !== "isoelastic" || inputs.elasticity[0] > 1;
    if (hasCost && form && bounded) asked.push("maximise");
    const corners = cornersOf(moving);
    for (const rule of [...(seen ? ["observed"] : []), ...asked]) {
      const central = outcome(rule, at(inputs), form, hasCost);
      const ends = corners.map((corner) => outcome(rule, corner, form, hasCost));
      const keys = Object.keys(central);
      told.rules[rule] = Object.fromEntries(keys.map((key) => [key, spread(central, ends, key)]));
      const { price } = told.rules[rule];
      price.exact = isExact(rule, form);
      const pieces = rule === "profit" ? heldProfitRange(moving, form) : null;
      if (pieces) {
        const [low, high] = [pieces[0]?.[0] ?? NaN, pieces.at(-1)?.[1] ?? NaN];
        Object.assign(price, { exact: true, low, high, pieces });
      }
    }
    return told;
  };
  const endsOf = (inputs, f) => {
    const values = cornersOf(inputs).map(f);
    return [Math.min(...values), Math.max(...values)];
  };
  // Where cost, its rise and the elasticity vary on their own, the range of the price that holds
  // profit is known exactly; elsewhere its corners are all that is looked at.
  const heldProfitRange = (inputs, form) => {
    const apart = inputs.old_price[0] === inputs.old_price[1];
    const perUnit = (inputs.specific_change ?? [0, 0]).some((end) => end !== 0);
    const shares = "cost_share" in inputs && "customs_share" in inputs && !perUnit;
    const given = "cost_share" in inputs || "unit_cost" in inputs;
    if (form === "logit" || !given || !(apart || shares)) return null;
    const [cost, rise] = [unitCost, costRise].map((f) => endsOf(inputs, (x) => f(x) / x.old_price));
    if (rise[0] < 0) return null;
    const pieces = heldProfit.range(form, hold, cost, rise, inputs.elasticity);
    return pieces.map(([low, high]) => [low * inputs.old_price[0], high * inputs.old_price[1]]);
  };
  // Corners give the ends where the price moves one way with each input.
  const isExact = (rule, form) => rule !== "profit" && !(rule === "maximise" && form === "logit");

  return { answer, hold, passThrough, customsValue, middle, cornersOf, unitCost, costRise, profitCurve, bestBefore };
})();
