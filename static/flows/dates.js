const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "2026-03-01" as "1 Mar 2026", as the server writes it; whatever is no such date as it is. */
export function readable(date) {
  const parts = date.match(/^(\d{4})-(\d\d)-(\d\d)$/);
  const month = parts && MONTHS[parts[2] - 1];
  return month ? `${Number(parts[3])} ${month} ${parts[1]}` : date;
}

/** The date where the reader is, as "2026-03-01". */
export function today() {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}
