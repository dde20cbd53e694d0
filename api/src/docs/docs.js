// Shows /openapi.json. Everything is set as text, nothing as markup, so the document cannot script this page.
"use strict";

function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function resolve(root, schema, depth) {
  if (schema === null || typeof schema !== "object" || depth > 6) return schema;
  if (Array.isArray(schema)) return schema.map((item) => resolve(root, item, depth + 1));
  if (typeof schema.$ref === "string") {
    const target = schema.$ref.slice(2).split("/").reduce((node, key) => (node ? node[key] : undefined), root);
    return target ? resolve(root, target, depth + 1) : schema;
  }
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, resolve(root, value, depth + 1)]));
}

function content(root, title, holder) {
  const parts = [];
  for (const [type, media] of Object.entries((holder && holder.content) || {})) {
    if (!media.schema) continue;
    parts.push(element("h4", null, title + " ", element("code", null, type)));
    parts.push(element("pre", { tabindex: "0" }, JSON.stringify(resolve(root, media.schema, 0), null, 2)));
  }
  return parts;
}

function body(root, operation) {
  const box = element("div");
  if (operation.description) box.append(element("p", null, operation.description));
  if ((operation.parameters || []).length) {
    const rows = operation.parameters.map((parameter) =>
      element("tr", null,
        element("td", null, element("code", null, parameter.name)),
        element("td", null, parameter.in + (parameter.required ? ", required" : "")),
        element("td", null, parameter.description || "")));
    box.append(element("h4", null, "Parameters"), element("table", null, element("tbody", null, ...rows)));
  }
  box.append(...content(root, "Body", operation.requestBody));
  for (const [status, response] of Object.entries(operation.responses || {})) {
    box.append(element("h4", null, status + " " + (response.description || "")));
    if (status < "400") box.append(...content(root, "Answer", response));
  }
  return box;
}

function entry(root, path, method, operation) {
  const summary = element("summary", null,
    element("span", { class: "method" }, method.toUpperCase()), " ", element("code", null, path), " ",
    operation.summary || "", " ", element("span", { class: "permission" }, "(" + operation["x-permission"] + ")"));
  const details = element("details", { id: operation.operationId || method + path }, summary);
  details.dataset.words = [path, method, operation.summary, operation["x-permission"]].join(" ").toLowerCase();
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(body(root, operation));
  });
  return details;
}

function show(root) {
  const main = document.getElementById("main");
  const sections = new Map();
  for (const [path, item] of Object.entries(root.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (typeof operation !== "object" || !operation.responses) continue;
      const tag = (operation.tags || ["other"])[0];
      if (!sections.has(tag)) sections.set(tag, []);
      sections.get(tag).push(entry(root, path, method, operation));
    }
  }
  main.replaceChildren(...root.info.description.split("\n\n").map((text) => element("p", null, text.replaceAll("**", ""))));
  const links = [];
  for (const [tag, entries] of sections) {
    main.append(element("section", null, element("h2", { id: "tag-" + tag }, tag), ...entries));
    links.push(element("li", null, element("a", { href: "#tag-" + tag }, tag)));
  }
  document.getElementById("nav").replaceChildren(element("ul", null, ...links));
  document.getElementById("filter").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().trim();
    for (const details of main.querySelectorAll("details")) details.hidden = !details.dataset.words.includes(words);
  });
}

fetch("/openapi.json")
  .then((response) => response.json())
  .then(show)
  .catch(() => document.getElementById("main").replaceChildren(element("p", null, "The document could not be loaded.")));
