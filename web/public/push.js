/* global self, clients */
// The part of the service worker that is ours: it shows what a push says, and opens what it is about.
// No money is kept here: what is shown lies with the system until somebody reads it.

self.addEventListener("push", (event) => {
  event.waitUntil(show(event.data));
});

async function show(data) {
  let told = {};
  try {
    told = data?.json() ?? {};
  } catch {
    // a push must show something, whatever came
  }
  await self.registration.showNotification(told.title || "Mita", {
    body: told.body || "",
    // the same alert once more takes the place of the first
    tag: told.tag || "mita",
    icon: new URL("icon-192.png", self.registration.scope).href,
    data: { path: told.path || "" },
  });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.path ?? ""));
});

async function open(path) {
  const scope = self.registration.scope;
  const wanted = new URL(path, scope).href;
  // nothing but a page of the app, whatever the push said
  const url = wanted.startsWith(scope) ? wanted : scope;
  const windows = await clients.matchAll({ type: "window" });
  const own = windows.find((each) => each.url.startsWith(scope));
  if (own === undefined) {
    await clients.openWindow(url);
    return;
  }
  await own.focus();
  await own.navigate(url);
}
