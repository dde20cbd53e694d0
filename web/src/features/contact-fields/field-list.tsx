/** What this account keeps of its contacts besides what everybody does: the fields of each kind, in their order. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowDown, ArrowUp, Pencil, Plus, Trash2 } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import type { ContactField } from "@/lib/api/directory-types";
import { again } from "@/lib/api/query";
import type { Page } from "@/lib/api/types";
import { allFieldsQuery, type FieldOwner, fieldsQuery, loadFields } from "@/lib/contact-fields";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Confirm, Dialog } from "@/ui/dialog";
import { InlineError, useErrorText } from "@/ui/feedback";
import { ListFrame } from "@/ui/list";
import { PageHead } from "@/ui/panel";
import type { Column } from "@/ui/table";
import { Tabs } from "@/ui/tabs";
import { FieldForm } from "./field-form";
import { moved, nextPosition } from "./field-values";
import { TaxIdSetting } from "./tax-id-setting";

export const OWNERS = [
  "individuals",
  "organizations",
  "contacts",
  "email-contacts",
] as const satisfies readonly FieldOwner[];

const NONE: ContactField[] = [];

type Asked = { to: "make" } | { to: "change" | "remove"; field: ContactField };

export function FieldList({
  owner,
  onOwner,
  mayEdit,
}: {
  owner: FieldOwner;
  onOwner: (owner: FieldOwner) => void;
  mayEdit: boolean;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const query = useQuery(fieldsQuery(owner));
  const fields = query.data?.items ?? NONE;
  const [asked, setAsked] = useState<Asked | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: allFieldsQuery.queryKey });
  const { move, said } = useMove(owner, query.data);
  const remove = useMutation({
    mutationFn: (field: ContactField) =>
      take(api.DELETE("/api/v1/contact-fields/{id}", { params: { path: { id: field.id } } })),
    onSuccess: (_, field) => {
      toast.success(t("own_fields.removed", { name: field.label }));
      setAsked(null);
      return refresh();
    },
  });
  const { reset } = remove;
  const ask = useCallback(
    (to: "change" | "remove", field: ContactField) => {
      reset();
      setAsked({ to, field });
    },
    [reset],
  );
  const columns = useColumns(fields.length, mayEdit, move, ask);
  const done = () => {
    setAsked(null);
    void refresh();
  };
  return (
    <>
      <PageHead
        title={t("nav.fields")}
        sub={t("own_fields.sub")}
        actions={
          mayEdit ? (
            <Button look="primary" onClick={() => setAsked({ to: "make" })}>
              <Plus aria-hidden />
              {t("own_fields.new")}
            </Button>
          ) : null
        }
      />
      <Tabs<FieldOwner>
        label={t("nav.fields")}
        value={owner}
        onChange={onOwner}
        tabs={OWNERS.map((each) => ({ value: each, label: t(`own_fields.of.${each}`) }))}
      >
        <div className="pt-3">
          {owner === "organizations" ? <TaxIdSetting mayEdit={mayEdit} /> : null}
          <ListFrame
            name="contact-fields"
            label={t(`own_fields.of.${owner}`)}
            columns={columns}
            pages={{
              items: fields,
              count: null,
              isPending: query.isPending,
              isError: query.isError,
              error: query.error,
              hasNextPage: false,
              isFetchingNextPage: false,
              fetchNextPage: () => undefined,
              refetch: query.refetch,
            }}
            rowId={(field) => field.id}
            onOpen={mayEdit ? (field) => ask("change", field) : undefined}
            emptyTitle={t("own_fields.empty")}
            emptyText={t("own_fields.empty_text")}
          />
          <p role="status" className="sr-only">
            {said}
          </p>
        </div>
      </Tabs>
      {asked === null || asked.to === "remove" ? null : (
        <Dialog
          open
          onOpenChange={(open) => (open ? undefined : setAsked(null))}
          title={
            asked.to === "make"
              ? t("own_fields.new_of", { of: t(`own_fields.of.${owner}`) })
              : asked.field.label
          }
          description={asked.to === "make" ? undefined : <code className="font-mono">{asked.field.key}</code>}
        >
          <FieldForm
            owner={owner}
            field={asked.to === "change" ? asked.field : undefined}
            readAgain={async () =>
              (await again(query))?.items.find((each) => asked.to === "change" && each.id === asked.field.id)
            }
            position={nextPosition(fields)}
            onSaved={done}
            onCancel={() => setAsked(null)}
          />
        </Dialog>
      )}
      {asked?.to === "remove" ? (
        <Confirm
          open
          onOpenChange={(open) => (open ? undefined : setAsked(null))}
          title={t("own_fields.remove_title", { name: asked.field.label })}
          text={t("own_fields.remove_text")}
          action={t("own_fields.remove")}
          busy={remove.isPending}
          error={<InlineError error={remove.error} />}
          onConfirm={() => remove.mutate(asked.field)}
        />
      ) : null}
    </>
  );
}

interface Move {
  field: ContactField;
  step: 1 | -1;
}

const ORDERING = ["contact-field-order"];
const buttonOf = (id: string, step: 1 | -1) => `move-${id}-${step === 1 ? "down" : "up"}`;

/** Shown at once; what the server has instead comes back where it refuses. */
function useMove(owner: FieldOwner, shown: Page<ContactField> | undefined) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const [said, setSaid] = useState("");
  const { mutate } = useMutation({
    mutationKey: ORDERING,
    // One after the other: each counts on where the one before left the fields.
    scope: { id: ORDERING.join() },
    mutationFn: async ({ field, step }: Move) => {
      const { items } = await loadFields(owner);
      const before = new Map(items.map((each) => [each.id, each.position]));
      for (const each of moved(items, field.id, step)) {
        if (before.get(each.id) === each.position) continue;
        await take(
          api.PATCH("/api/v1/contact-fields/{id}", {
            params: { path: { id: each.id }, header: { "If-Match": `"${each.version}"` } },
            body: { position: each.position },
          }),
        );
      }
    },
    onError: (error, { field }) => toast.error(field.label, { description: errorText(error) }),
    // The last one sees to it: what an earlier one would read lacks the moves behind it.
    onSettled: () =>
      client.isMutating({ mutationKey: ORDERING }) === 1
        ? client.invalidateQueries({ queryKey: fieldsQuery(owner).queryKey })
        : undefined,
  });
  // A row that moves lets go of the keyboard; it goes on at the same button, or at the other one at an end.
  const moving = useRef<Move | null>(null);
  useEffect(() => {
    if (!moving.current || !shown) return;
    const { field, step } = moving.current;
    moving.current = null;
    for (const each of [step, step === 1 ? -1 : 1] as const) {
      const button = document.getElementById(buttonOf(field.id, each));
      if (button instanceof HTMLButtonElement && !button.disabled) {
        button.focus();
        return;
      }
    }
  }, [shown]);
  const move = useCallback(
    ({ field, step }: Move) => {
      const { queryKey } = fieldsQuery(owner);
      const page = client.getQueryData(queryKey);
      if (page) {
        const items = moved(page.items, field.id, step);
        moving.current = { field, step };
        client.setQueryData(queryKey, { ...page, items });
        const place = items.findIndex((each) => each.id === field.id) + 1;
        setSaid(t("own_fields.moved", { name: field.label, place, count: items.length }));
      }
      mutate({ field, step });
    },
    [client, mutate, owner, t],
  );
  return { move, said };
}

/** The same ones as long as nothing but the rows changes: a cell drawn anew would let go of the keyboard. */
function useColumns(
  count: number,
  mayEdit: boolean,
  onMove: (move: Move) => void,
  onAsk: (to: "change" | "remove", field: ContactField) => void,
): Column<ContactField>[] {
  const { t } = useTranslation();
  return useMemo(() => {
    const columns: Column<ContactField>[] = [
      {
        id: "label",
        header: t("own_fields.label"),
        always: true,
        cell: ({ row }) => <span className="font-medium wrap-anywhere">{row.original.label}</span>,
      },
      {
        id: "key",
        header: t("own_fields.key"),
        cell: ({ row }) => <code className="font-mono text-[0.8667rem] break-all">{row.original.key}</code>,
      },
      {
        id: "type",
        header: t("own_fields.type"),
        cell: ({ row }) => (
          <span className="flex flex-wrap items-center gap-1.5">
            {t(`own_fields.types.${row.original.type}`, { defaultValue: row.original.type })}
            {row.original.choices.length > 0 ? (
              <span className="text-muted">{row.original.choices.join(", ")}</span>
            ) : null}
          </span>
        ),
      },
      {
        id: "required",
        header: t("own_fields.required"),
        className: "@3xl:w-28",
        cell: ({ row }) =>
          row.original.required ? (
            <Badge tone="accent">{t("fields.yes")}</Badge>
          ) : (
            <span className="text-muted">{t("fields.no")}</span>
          ),
      },
    ];
    if (!mayEdit) return columns;
    return [
      ...columns,
      {
        id: "actions",
        header: t("field.actions"),
        className: "@3xl:w-48",
        always: true,
        cell: ({ row }) => {
          const field = row.original;
          const name = { name: field.label };
          return (
            <span className="flex gap-1">
              {([-1, 1] as const).map((step) => (
                <Button
                  key={step}
                  id={buttonOf(field.id, step)}
                  look="ghost"
                  size="icon-sm"
                  disabled={row.index === (step === 1 ? count - 1 : 0)}
                  aria-label={step === 1 ? t("own_fields.down", name) : t("own_fields.up", name)}
                  title={step === 1 ? t("own_fields.down", name) : t("own_fields.up", name)}
                  onClick={() => onMove({ field, step })}
                >
                  {step === 1 ? <ArrowDown aria-hidden /> : <ArrowUp aria-hidden />}
                </Button>
              ))}
              <Button
                look="ghost"
                size="icon-sm"
                aria-label={t("own_fields.edit", name)}
                title={t("own_fields.edit", name)}
                onClick={() => onAsk("change", field)}
              >
                <Pencil aria-hidden />
              </Button>
              <Button
                look="ghost"
                size="icon-sm"
                aria-label={t("own_fields.remove_one", name)}
                title={t("own_fields.remove_one", name)}
                onClick={() => onAsk("remove", field)}
              >
                <Trash2 aria-hidden />
              </Button>
            </span>
          );
        },
      },
    ];
  }, [t, count, mayEdit, onMove, onAsk]);
}
