/** `/invitation#TOKEN`: where the link of an invitation leads. No server sees what follows the `#`. */
import { useLocation, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { InvitationForm } from "@/features/auth/invitation-form";
import { Entrance } from "@/ui/entrance";

export function InvitationRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const token = useLocation({ select: (location) => location.hash });
  return (
    <Entrance title={t("invitation.title")}>
      <InvitationForm
        // Another link in the same tab is another form.
        key={token}
        token={token}
        onJoined={() => void navigate({ to: "/", replace: true })}
      />
    </Entrance>
  );
}
