/** The shortest stretch of *before* that was replaced to make *after*. */
function splice(before, after) {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  let tail = 0;
  while (tail < most - start && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return { start, end: before.length - tail, text: after.slice(start, after.length - tail) };
}

/**
 * What changed from *base* to *mine*, made in *theirs*: the same as the server does in merging.py.
 *
 * @param {string} base what both started from
 * @param {string} mine
 * @param {string} theirs
 */
export function merge(base, mine, theirs) {
  if (theirs === base || mine === theirs) return mine;
  const change = splice(base, mine);
  const other = splice(base, theirs);
  const same = change.start === other.start && change.end === other.end;
  if (change.start >= other.end && !same) {
    const shift = other.text.length - (other.end - other.start);
    return theirs.slice(0, change.start + shift) + change.text + theirs.slice(change.end + shift);
  }
  if (change.end <= other.start && !same) {
    return theirs.slice(0, change.start) + change.text + theirs.slice(change.end);
  }
  const start = Math.min(change.start, other.start);
  const end = Math.max(change.end, other.end);
  const before = base.slice(start, other.start).slice(0, Math.max(0, change.start - start));
  const after = base.slice(other.end, end).slice(Math.max(0, change.end - other.end));
  return base.slice(0, start) + before + other.text + change.text + after + base.slice(end);
}

/** Where a place of *before* is in *after*. */
export function moved(place, before, after) {
  const { start, end, text } = splice(before, after);
  if (place <= start) return place;
  return place >= end ? place + text.length - (end - start) : start + text.length;
}
