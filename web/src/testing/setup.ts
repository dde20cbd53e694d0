import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";
import "@/lib/i18n";

// A busy machine is no fault of what is tested; what never comes fails all the same.
configure({ asyncUtilTimeout: 5000 });

afterEach(() => {
  cleanup();
  sessionStorage.clear();
  localStorage.clear();
});
