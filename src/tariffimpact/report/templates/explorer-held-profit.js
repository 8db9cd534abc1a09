// How far the price that holds profit can go: in units of the old price, m the old margin, e the
// elasticity and r the rise of cost. Beyond r = R(m, e) no price holds it; there it is P(m, e).
const heldProfit = (() => {
  const root = (f, start, first) => {
    let [below, above] = [start, first];
    const factor = first < start && first > 0 ? 0.5 : 2;
    while (f(above) < 0) [below, above] = [above, factor * above];
    for (let n = 0; n < 200; n += 1) {
      const half = below + 0.5 * (above - below);
      if (half === below || half === above) break;
      if (f(half) < 0) below = half;
      else above = half;
    }
    return above;
  };

  const linear = {
    of: (m, e) => {
      const gap = e ** -0.5 - Math.sqrt(m);
      return { rise: gap * gap, elasticity: e, price: 1 + gap * e ** -0.5 };
    },
    ofMargin: (m, rise, side) => {
      const sum = Math.sqrt(m) + side * Math.sqrt(rise);
      return { elasticity: sum ** -2, price: 1 + side * Math.sqrt(rise) * sum };
    },
    ofElasticity: (e, rise, side) => ({ elasticity: e, price: 1 + side * Math.sqrt(rise / e) }),
    turn: (m) => 4 / m,
  };
  const riseAt = (u, x) => (x * Math.expm1(u) + Math.expm1(-x * u)) / (1 + x);
  const peakAt = (m, x) => {
    const u = -(Math.log(m) + Math.log1p(x)) / x;
    return { rise: riseAt(u, x), elasticity: 1 + x, price: Math.exp(u) };
  };
  const isoelastic = {
    of: (m, e) => (e <= 1 ? { rise: Infinity, elasticity: e, price: Infinity } : peakAt(m, e - 1)),
    ofMargin: (m, rise, side) => {
      const noneHeld = (1 - m) / m;
      return peakAt(m, root((x) => peakAt(m, x).rise - rise, noneHeld, 0.5 ** side * noneHeld));
    },
    ofElasticity: (e, rise, side) => {
      const u = root((v) => riseAt(v, e - 1) - rise, 0, side * Math.log1p(rise));
      return { elasticity: e, price: Math.exp(u) };
    },
    turn: (m) => root((e) => Math.log(e * m) - 1 + 1 / e, 1, 2),
  };
  const peaks = { linear, isoelastic };

  // Returns the pieces [low, high] of prices, none where no price holds profit anywhere.
  const range = (form, hold, [k0Low, k0High], [rLow, rHigh], [eLow, eHigh]) => {
    if (rHigh === 0) return [[1, 1]];
    const curve = peaks[form];
    const [mLow, mHigh] = [1 - k0High, 1 - k0Low];
    const corner = (k0, r, e, side) => {
      if ((1 - k0) * e <= 1 !== side > 0) return NaN;
      return hold(k0, k0 + r, form, { elasticity: e });
    };
    const needed = (m, e, side) => (m * e < 1 === side > 0 ? curve.of(m, e).rise : 0);
    const highest = () => {
      if (needed(mHigh, eLow, 1) >= rHigh) return curve.ofMargin(mHigh, rHigh, 1).price;
      if (needed(mLow, eLow, 1) > rHigh) return curve.ofElasticity(eLow, rHigh, 1).price;
      return curve.of(mLow, eLow).price;
    };
    const lowest = () => {
      if (needed(mHigh, eLow, -1) >= rHigh) return curve.ofElasticity(eLow, rHigh, -1).price;
      const turn = curve.turn(mHigh);
      if (needed(mHigh, eLow, -1) < rLow) {
        const start = curve.ofMargin(mHigh, rLow, -1);
        if (start.elasticity >= turn) return start.price;
      }
      if (needed(mHigh, eHigh, -1) > rHigh) {
        const end = curve.ofMargin(mHigh, rHigh, -1);
        if (end.elasticity <= turn) return end.price;
      }
      return curve.of(mHigh, Math.min(Math.max(turn, eLow), eHigh)).price;
    };
    const or = (value, other) => (Number.isNaN(value) ? other() : value);
    const pieces = [];
    const most = corner(k0Low, rLow, eHigh, -1);
    if (!Number.isNaN(most)) pieces.push([or(corner(k0High, rHigh, eLow, -1), lowest), most]);
    const least = corner(k0High, rLow, eLow, 1);
    if (!Number.isNaN(least)) pieces.push([least, or(corner(k0Low, rHigh, eHigh, 1), highest)]);
    return pieces.length === 2 && rLow === 0 ? [[pieces[0][0], pieces[1][1]]] : pieces;
  };
  return { range };
})();
