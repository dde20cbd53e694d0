// Sets the theme before the first paint, so that a dark screen never flashes white.
(() => {
  let choice = null;
  try {
    choice = localStorage.getItem("switchroom.theme");
  } catch {
    // Storage may be blocked; then the system decides.
  }
  const dark =
    choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
