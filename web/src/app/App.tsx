import { MantineProvider } from "@mantine/core";
import { PersistQueryClientProvider } from "@tanstack/react-query-persist-client";
import type { ReactNode } from "react";
import { RouterProvider } from "react-router";
import { persistence, queries, refreshEstate, useLiveStream, useOutboxDelivery } from "@api";
import { theme } from "@ui";
import { router } from "./router";

export function App(): ReactNode {
  useLiveStream();
  useOutboxDelivery();
  return (
    // variables and classes come as style sheets: the content security policy allows nothing inline
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      {/* what was kept may be from before the last change: it shows at once, and is asked again at once */}
      <PersistQueryClientProvider client={queries} persistOptions={persistence} onSuccess={() => refreshEstate(undefined)}>
        <RouterProvider router={router} />
      </PersistQueryClientProvider>
    </MantineProvider>
  );
}
