/** What to say of a subscription, and how it looks. */
const SHOWN = {
  joining: ["waiting", "Connecting…"],
  live: ["live", "Live"],
  stale: ["waiting", "Reconnecting…"],
  denied: ["off", "Access denied"],
  closed: ["off", "Disconnected"],
};

/**
 * Show in *element* whether what the page shows is live.
 *
 * @param {HTMLElement} element
 * @param {import("millrace").StreamClient} client
 * @param {import("millrace").Subscription} subscription
 */
export function showConnection(element, client, subscription) {
  let wasLive = false;
  const show = () => {
    wasLive ||= subscription.status === "live";
    let [status, text] = SHOWN[client.status === "closed" ? "closed" : subscription.status];
    if (status === "waiting" && wasLive) text = SHOWN.stale[1];
    if (element.textContent === text && !element.hidden) return;
    element.dataset.status = status;
    element.textContent = text;
    element.hidden = false;
  };
  subscription.onStatus(show);
  client.on("status", show);
  show();
}
