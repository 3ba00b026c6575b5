import { ChevronLeft, ChevronRight } from "lucide-react";
import { useMessages } from "../../messages/catalogue.js";
import { IconButton } from "../../ui/IconButton.js";
import styles from "./Pager.module.css";

interface PagerProps {
  readonly page: number;
  readonly pageCount: number;
  readonly onPage: (page: number) => void;
}

/** Through the pages of people. */
export function Pager({ page, pageCount, onPage }: PagerProps) {
  const { meeting } = useMessages();
  return (
    <nav className={styles.pager} aria-label={meeting.page(page + 1, pageCount)}>
      <IconButton
        label={meeting.previousPage}
        isDisabled={page === 0}
        onPress={() => {
          onPage(page - 1);
        }}
      >
        <ChevronLeft aria-hidden />
      </IconButton>
      <span className={styles.text} role="status">
        <span aria-hidden>
          {page + 1} / {pageCount}
        </span>
        <span className="visually-hidden">{meeting.page(page + 1, pageCount)}</span>
      </span>
      <IconButton
        label={meeting.nextPage}
        isDisabled={page === pageCount - 1}
        onPress={() => {
          onPage(page + 1);
        }}
      >
        <ChevronRight aria-hidden />
      </IconButton>
    </nav>
  );
}
