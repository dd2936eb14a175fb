import { MantineProvider } from "@mantine/core";
import { PersistQueryClientProvider } from "@tanstack/react-query-persist-client";
import type { ReactNode } from "react";
import { RouterProvider } from "react-router";
import { persistence, queries, useLiveStream, useOutboxDelivery } from "@api";
import { theme } from "@ui";
import { router } from "./router";

export function App(): ReactNode {
  useLiveStream();
  useOutboxDelivery();
  return (
    // variables and classes come as style sheets: the content security policy allows nothing inline
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <PersistQueryClientProvider client={queries} persistOptions={persistence}>
        <RouterProvider router={router} />
      </PersistQueryClientProvider>
    </MantineProvider>
  );
}
