/** Two people change one record: the second is told, nothing of the first is lost, and saving once more does it. */
import { fireEvent, screen, waitFor } from "@testing-library/react";
import type { ReactElement } from "react";
import { describe, expect, it } from "vitest";
import { ConnectionPanel } from "@/features/connections/connection-panel";
import { FieldList } from "@/features/contact-fields/field-list";
import { EntryPanel } from "@/features/directory/entry-panel";
import { Notes } from "@/features/directory/notes";
import { MemberPanel } from "@/features/people/member-panel";
import { ProviderPanel } from "@/features/providers/provider-panel";
import { RoleList } from "@/features/roles/role-list";
import { TeamPanel } from "@/features/teams/team-panel";
import { WebhookPanel } from "@/features/webhooks/webhook-panel";
import { keys } from "@/lib/api/query";
import { fakeServer, renderConsole } from "./render";

const AT = "2026-11-01T10:00:00Z";
const ID = "11111111-1111-4111-8111-111111111111";
type Stored = Record<string, unknown> & { version: number };

/** One record on a server that judges `If-Match`, as the real one does. */
function serverWith(path: string, record: Stored, more: Parameters<typeof fakeServer>[0] = {}) {
  const held = { record };
  const list = path.replace(`/${ID}`, "");
  const server = fakeServer({
    [`GET ${path}`]: () => ({ body: held.record }),
    [`GET ${list}`]: () => ({ body: { items: [held.record], next_cursor: null } }),
    [`PATCH ${path}`]: async (request) => {
      if (request.headers.get("If-Match") !== `"${held.record.version}"`) {
        return { status: 412, body: { type: "changed", detail: "It was changed meanwhile." } };
      }
      held.record = { ...held.record, ...(await request.json()), version: held.record.version + 1 };
      return { body: held.record };
    },
    ...more,
  });
  return {
    ...server,
    now: () => held.record,
    elsewhere: (change: object) => {
      held.record = { ...held.record, ...change, version: held.record.version + 1 };
    },
  };
}

const nothing = () => undefined;
const field = (label: RegExp | string) =>
  screen.getByLabelText<HTMLInputElement>(label, { selector: "input,textarea" });
const typeIn = (label: RegExp | string, value: string) =>
  fireEvent.change(field(label), { target: { value } });
const save = () => fireEvent.click(screen.getByRole("button", { name: "Save" }));
const MEANWHILE = /Somebody else has changed this record/;

interface Row {
  what: string;
  path: string;
  record: Stored;
  element: ReactElement;
  /** What the other person changed, and what this one types. */
  theirs: object;
  label: RegExp;
  typed: string;
  key: string;
}

const endpoint = {
  id: ID,
  name: "CRM",
  url: "https://crm.example/hook",
  events: ["*"],
  is_active: true,
  failed: 0,
  next_attempt_at: null,
  rotating: false,
  created_at: AT,
  version: 1,
};
const provider = {
  id: ID,
  name: "Realm",
  issuer: "https://id.example/realms/main",
  client_id: "switchroom",
  has_secret: true,
  scopes: "openid email",
  joins_as: null,
  is_active: true,
  redirect_uri: "https://here.example/callback",
  created_at: AT,
  updated_at: AT,
  version: 1,
};

const connection = {
  id: ID,
  kind: "generic",
  name: "PBX",
  default_region: null,
  hook_url: "https://here.example/hooks/key",
  user_map: {},
  is_active: true,
  created_at: AT,
  updated_at: AT,
  version: 1,
};
const member = {
  id: ID,
  email: "grace@demo.example",
  name: "Grace",
  role: "agent",
  role_id: null,
  role_name: null,
  extension: "203",
  sip_uri: null,
  presence: null,
  modules: { individuals: true, organizations: true, tickets: true, numbers: true },
  is_active: true,
  last_seen_at: null,
  created_at: AT,
  updated_at: AT,
  metadata: { payroll: "4711" },
  contact: null,
  version: 1,
};
const RIGHTS = {
  edit: true,
  signOut: true,
  reachesOwners: true,
  has: new Set<string>(),
  self: "22222222-2222-4222-8222-222222222222",
  contacts: true,
};
const memberPanel = (
  <MemberPanel id={ID} rights={RIGHTS} seesHistory={false} onTab={nothing} onClose={nothing} />
);

const FORMS: Row[] = [
  {
    what: "a connection",
    path: `/connections/${ID}`,
    record: connection,
    element: (
      <ConnectionPanel id={ID} rights={{ edit: true, remove: true }} seesCalls={false} onClose={nothing} />
    ),
    theirs: { default_region: "DE" },
    label: /^Name/,
    typed: "Exchange",
    key: "name",
  },
  {
    what: "a member",
    path: `/users/${ID}`,
    record: member,
    element: memberPanel,
    theirs: { sip_uri: "sip:9@pbx.example" },
    label: /^Extension/,
    typed: "207",
    key: "extension",
  },
  {
    what: "a team",
    path: `/teams/${ID}`,
    record: { id: ID, name: "Night shift", description: "Nights", members: [], version: 1 },
    element: <TeamPanel id={ID} mayEdit people={[]} onClose={nothing} />,
    theirs: { description: "Nights and Sundays" },
    label: /^Name/,
    typed: "Late shift",
    key: "name",
  },
  {
    what: "an identity provider",
    path: `/identity-providers/${ID}`,
    record: provider,
    element: <ProviderPanel id={ID} slug="demo" mayEdit onClose={nothing} />,
    theirs: { client_id: "switchroom-2" },
    label: /^Name/,
    typed: "Company sign-in",
    key: "name",
  },
  {
    what: "a webhook endpoint",
    path: `/webhook-endpoints/${ID}`,
    record: endpoint,
    element: <WebhookPanel id={ID} mayManage onTab={nothing} onClose={nothing} />,
    theirs: { url: "https://crm.example/hook/2", events: ["call.ended"] },
    label: /^Name/,
    typed: "Customers",
    key: "name",
  },
  {
    what: "an own field",
    path: `/contact-fields/${ID}`,
    record: {
      id: ID,
      kind: "individual",
      key: "tier",
      label: "Tier",
      type: "choice",
      choices: ["gold", "silver"],
      required: false,
      position: 1,
      version: 1,
    },
    element: <FieldList owner="individuals" onOwner={nothing} mayEdit />,
    theirs: { choices: ["gold", "silver", "bronze"] },
    label: /^Label/,
    typed: "Customer tier",
    key: "label",
  },
];

describe("a form that somebody else was faster than", () => {
  it.each(FORMS)("$what", async ({ path, record, element, theirs, label, typed, key }) => {
    const server = serverWith(path, record);
    renderConsole(element);
    fireEvent.click(await screen.findByRole("button", { name: /^(Edit|Change)\b/ }));
    typeIn(label, typed);
    server.elsewhere(theirs);
    save();
    await screen.findByText(MEANWHILE);
    expect(server.now()).toMatchObject(theirs);
    expect(field(label).value).toBe(typed);
    save();
    await waitFor(() => expect(server.now()).toMatchObject({ ...theirs, [key]: typed }));
  });

  it("that is closed and opened again has the record as it is now", async () => {
    const row = FORMS[0] as Row;
    const server = serverWith(row.path, row.record);
    renderConsole(row.element);
    fireEvent.click(await screen.findByRole("button", { name: "Edit" }));
    typeIn(/^Name/, "Late shift");
    server.elsewhere({ name: "Owls" });
    save();
    await screen.findByText(MEANWHILE);
    fireEvent.click(screen.getByRole("button", { name: "Cancel" }));
    fireEvent.click(await screen.findByRole("button", { name: "Edit" }));
    expect(field(/^Name/).value).toBe("Owls");
    typeIn(/^Name/, "Larks");
    save();
    await waitFor(() => expect(server.now().name).toBe("Larks"));
  });
});

describe("a group of fields", () => {
  it("is merged field by field: what each of the two changed counts", async () => {
    const sent: unknown[] = [];
    const held = { ...member };
    fakeServer({
      [`GET /users/${ID}`]: () => ({ body: held }),
      "GET /roles": { body: { items: [], next_cursor: null } },
      [`PATCH /users/${ID}`]: async (request) => {
        if (request.headers.get("If-Match") !== `"${held.version}"`) {
          return { status: 412, body: { type: "changed", detail: "It was changed meanwhile." } };
        }
        sent.push(await request.json());
        return { body: held };
      },
    });
    renderConsole(memberPanel);
    fireEvent.click(await screen.findByRole("button", { name: "Edit" }));
    fireEvent.click(screen.getByRole("checkbox", { name: "Tickets" }));
    Object.assign(held, { modules: { ...member.modules, numbers: false }, version: 2 });
    save();
    await screen.findByText(MEANWHILE);
    expect(screen.getByRole<HTMLInputElement>("checkbox", { name: "Phone numbers" }).checked).toBe(false);
    save();
    await waitFor(() => expect(sent).toEqual([{ modules: { tickets: false } }]));
  });
});

describe("a contact", () => {
  const FIELDS = ["floor", "tier"].map((key, at) => ({
    id: key,
    kind: "individual",
    key,
    label: key === "floor" ? "Floor" : "Tier",
    type: "text",
    choices: [],
    required: false,
    position: at,
    version: 1,
  }));
  const record = {
    id: ID,
    full_name: "Rosa Parcel",
    gender: null,
    address: "1 rue des Essais",
    phones: [{ e164: "+33639981207", label: null, primary: true }],
    emails: [],
    custom: { floor: "1" },
    is_active: true,
    status: "active",
    version: 1,
  };

  it("has what others changed at once, its numbers and own fields too, and keeps what was typed", async () => {
    const server = serverWith(`/individuals/${ID}`, record, {
      "GET /contact-fields": { body: { items: FIELDS, next_cursor: null } },
    });
    const { client } = renderConsole(
      <EntryPanel
        kind="individuals"
        place={{ id: ID }}
        rights={{ update: true, remove: false, erase: false }}
        notes={null}
        mayMerge={false}
        history={{}}
        onMove={nothing}
      />,
    );
    client.setQueryData(keys.me, { user: { id: "u" }, permissions: ["contact_fields.read"] });
    fireEvent.click(await screen.findByRole("button", { name: "Edit" }));
    await screen.findByLabelText("Tier");
    typeIn(/^Full name/, "Rosa P. Parcel");
    typeIn("Tier", "gold");
    server.elsewhere({
      address: "2 rue des Essais",
      phones: [{ e164: "+33240899912", label: "home", primary: true }],
      custom: { floor: "4" },
    });
    save();
    await screen.findByText(MEANWHILE);
    expect(field(/^Full name/).value).toBe("Rosa P. Parcel");
    expect(field("Address").value).toBe("2 rue des Essais");
    expect(field("Number 1").value).toBe("+33240899912");
    expect([field("Floor").value, field("Tier").value]).toEqual(["4", "gold"]);
    save();
    await waitFor(() =>
      expect(server.now()).toMatchObject({
        full_name: "Rosa P. Parcel",
        address: "2 rue des Essais",
        phones: [{ number: "+33240899912", label: "home" }],
        // What the form sends of own fields is what differs, and of those only this one does.
        custom: { tier: "gold" },
      }),
    );
  });
});

describe("a role", () => {
  const PERMISSIONS = ["calls.read", "tickets.read", "tickets.edit"].map((name) => ({
    name,
    family: name.split(".")[0],
    grantable: true,
  }));
  const role = {
    id: ID,
    name: "Night desk",
    description: null,
    base: "agent",
    permissions: ["calls.read"],
    members: 0,
    created_at: AT,
    version: 1,
  };
  const opened = () => {
    const server = serverWith(`/roles/${ID}`, role, {
      "GET /permissions": { body: { items: PERMISSIONS, next_cursor: null } },
    });
    const mine = new Set(PERMISSIONS.map(({ name }) => name));
    const view = renderConsole(<RoleList opened={ID} onOpen={nothing} mine={mine} mayEdit />);
    return { server, ...view };
  };
  const tick = (name: string) => fireEvent.click(screen.getByRole("checkbox", { name }));
  const ticked = (name: string) => screen.getByRole<HTMLInputElement>("checkbox", { name }).checked;

  it("read anew underneath is not overwritten: both changes count", async () => {
    const { server, client } = opened();
    await screen.findByTestId("role-form");
    tick("Tickets: read");
    server.elsewhere({ permissions: ["calls.read", "tickets.read", "tickets.edit"], description: "Nights" });
    // As a window does that comes to the front.
    await client.refetchQueries({ queryKey: keys.roles });
    tick("Calls: read");
    typeIn(/^Name/, "Night");
    save();
    await screen.findByText(MEANWHILE);
    expect(server.now()).toMatchObject({ name: "Night desk", version: 2 });
    expect([ticked("Calls: read"), ticked("Tickets: edit")]).toEqual([false, true]);
    save();
    await waitFor(() =>
      expect(server.now()).toMatchObject({
        name: "Night",
        description: "Nights",
        permissions: ["tickets.edit", "tickets.read"],
      }),
    );
  });

  it("shows what others make of it while nothing is changed here, and can be saved twice", async () => {
    const { server, client } = opened();
    await screen.findByTestId("role-form");
    server.elsewhere({ permissions: ["calls.read", "tickets.read"] });
    await client.refetchQueries({ queryKey: keys.roles });
    await waitFor(() => expect(ticked("Tickets: read")).toBe(true));
    for (const name of ["One", "Two"]) {
      typeIn(/^Name/, name);
      save();
      // oxlint-disable-next-line no-await-in-loop -- the second is what this is about
      await waitFor(() =>
        expect(server.now()).toMatchObject({ name, permissions: ["calls.read", "tickets.read"] }),
      );
    }
  });
});

describe("a note", () => {
  const note = {
    id: ID,
    contact: { kind: "individual", id: "c" },
    author: { id: "u", name: "Ada" },
    body: "Calls on Mondays.",
    pinned: false,
    created_at: AT,
    updated_at: AT,
    version: 1,
  };
  const opened = async () => {
    const server = serverWith(`/contact-notes/${ID}`, note);
    const view = renderConsole(
      <Notes target={{ kind: "individuals", id: "c" }} rights={{ write: true, remove: true }} />,
    );
    view.client.setQueryData(keys.me, { user: { id: "u" }, permissions: [] });
    fireEvent.click(await screen.findByRole("button", { name: "Edit this note" }));
    return { server, ...view };
  };

  it("read anew underneath is not overwritten, and what was typed stays", async () => {
    const { server, client } = await opened();
    typeIn("Edit this note", "Calls on Tuesdays.");
    server.elsewhere({ body: "Never calls." });
    await client.refetchQueries({ queryKey: keys.directory });
    save();
    await waitFor(() => expect(server.requests.filter(({ method }) => method === "PATCH")).toHaveLength(1));
    await waitFor(() => expect(screen.getByTestId("note-now").textContent).toContain("Never calls."));
    expect(server.now().body).toBe("Never calls.");
    save();
    await waitFor(() => expect(server.now().body).toBe("Calls on Tuesdays."));
  });

  it("that is pinned while somebody writes lets go of nothing", async () => {
    const { server } = await opened();
    typeIn("Edit this note", "Calls on Tuesdays.");
    fireEvent.click(screen.getByRole("button", { name: "Pin this note" }));
    await waitFor(() => expect(server.now().pinned).toBe(true));
    expect(field("Edit this note").value).toBe("Calls on Tuesdays.");
    save();
    await waitFor(() => expect(server.now()).toMatchObject({ body: "Calls on Tuesdays.", pinned: true }));
  });
});
