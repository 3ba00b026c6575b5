import { BookOpen } from "lucide-react";
import { useAdminMessages } from "../useAdminMessages.js";
import styles from "./Services.module.css";

/** Where those who write a program read on: the services' own pages about their routes. */
export function References() {
  const words = useAdminMessages().services.references;
  return (
    <p className={styles.references}>
      <BookOpen aria-hidden />
      <span>{words.title}</span>
      <a href="/v1/auth/reference">{words.auth}</a>
      <a href="/v1/meetings/reference">{words.meetings}</a>
    </p>
  );
}
