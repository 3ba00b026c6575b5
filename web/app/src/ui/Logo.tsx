import styles from "./Logo.module.css";

/** The mark, and beside it the name. */
export function Logo({ size = 28 }: { readonly size?: number }) {
  return (
    <span className={styles.logo}>
      <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden>
        <rect width="32" height="32" rx="9" fill="#0b6b78" />
        <path d="M8 12.5A4.5 4.5 0 0 1 12.5 8h4a4.5 4.5 0 0 1 0 9H12l-4 3.2z" fill="#fff" />
        <path
          d="M24 17.2a4.4 4.4 0 0 0-2.2-3.8 7.4 7.4 0 0 1-5.3 6.2h-1.7a4.4 4.4 0 0 0 2 .9H20l4 3.2z"
          fill="#8fe0e4"
        />
      </svg>
      <span className={styles.name}>Parley</span>
    </span>
  );
}
