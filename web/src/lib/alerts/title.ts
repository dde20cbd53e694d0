/** The tab's title: the page's own name, and before it how many calls are ringing: `(2) Workspace · Switchroom`. */
const PRODUCT = "Switchroom";
let page = "";
let badge = 0;

function render(): void {
  const base = page ? `${page} · ${PRODUCT}` : PRODUCT;
  document.title = badge > 0 ? `(${badge}) ${base}` : base;
}
export function setPageTitle(title: string): void {
  page = title;
  render();
}
export function setTitleBadge(count: number): void {
  badge = count;
  render();
}
