import { Ellipsis, Keyboard, ScanFace } from "lucide-react";
import { useState } from "react";
import { useMessages } from "../../messages/catalogue.js";
import { Menu, MenuItem } from "../../ui/Menu.js";
import { BarButton } from "./BarButton.js";
import { DeviceSections } from "./DeviceSections.js";

interface MoreMenuProps {
  readonly isSelfHidden: boolean;
  readonly onHideSelf: (isHidden: boolean) => void;
  readonly onHelp: () => void;
}

/** Screens that are only touched rarely have keys beside them. */
const hasKeyboard = window.matchMedia("(any-hover: hover)").matches;

/** What is needed less often. */
export function MoreMenu({ isSelfHidden, onHideSelf, onHelp }: MoreMenuProps) {
  const { meeting } = useMessages();
  const [isOpen, setOpen] = useState(false);
  return (
    <Menu label={meeting.more} onOpenChange={setOpen} trigger={<BarButton label={meeting.more}><Ellipsis aria-hidden /></BarButton>}>
      <MenuItem
        icon={<ScanFace aria-hidden />}
        onAction={() => {
          onHideSelf(!isSelfHidden);
        }}
      >
        {isSelfHidden ? meeting.showSelf : meeting.hideSelf}
      </MenuItem>
      {hasKeyboard && (
        <MenuItem icon={<Keyboard aria-hidden />} onAction={onHelp}>
          {meeting.shortcuts}
        </MenuItem>
      )}
      {isOpen && <DeviceSections kinds={["audioinput", "videoinput", "audiooutput"]} />}
    </Menu>
  );
}
