import { $api, api, type Schemas } from "@api";

/** What this browser can do: it may not know web push, or only once the app lies on the home screen. */
export type Ability = "able" | "install_first" | "unable";

export function pushAbility(): Ability {
  if ("serviceWorker" in navigator && "PushManager" in window && "Notification" in window) return "able";
  return /iPhone|iPad|iPod/.test(navigator.userAgent) ? "install_first" : "unable";
}

/** The worker of this app; without one (a development server) there is none to wake. */
async function worker(): Promise<ServiceWorkerRegistration> {
  const found = await navigator.serviceWorker.getRegistration();
  if (found === undefined) throw new Error("no service worker is there");
  return navigator.serviceWorker.ready;
}

/** Whether this very browser is subscribed, as far as it knows itself. */
export async function isSubscribedHere(): Promise<boolean> {
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration?.pushManager.getSubscription()) != null;
}

/** Ask the reader, then the browser, then tell the server; what the reader answered is returned. */
export async function switchOn(told: Schemas["PushOut"], language: string): Promise<NotificationPermission> {
  const answer = await Notification.requestPermission();
  if (answer !== "granted") return answer;
  const { pushManager } = await worker();
  // one that was made with another installation's key is of no use
  await (await pushManager.getSubscription())?.unsubscribe();
  const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: told.public_key });
  const { endpoint, keys } = made.toJSON();
  const { error } = await api.POST("/api/v1/me/push/subscriptions", {
    body: { endpoint: endpoint ?? "", keys: { p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "" }, language },
  });
  if (error === undefined) return answer;
  await made.unsubscribe();
  throw error;
}

/** Stop here: the server forgets the browser, and the browser its subscription. */
export async function switchOff(push_subscription_id: string | undefined): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration();
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
  if (push_subscription_id === undefined) return;
  const { error } = await api.DELETE("/api/v1/me/push/subscriptions/{push_subscription_id}", {
    params: { path: { push_subscription_id } },
  });
  if (error !== undefined) throw error;
}

export const usePush = (isAsked: boolean) => $api.useQuery("get", "/api/v1/me/push", {}, { enabled: isAsked });
