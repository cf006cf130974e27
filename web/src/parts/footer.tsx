/** What readers must know about such predictions. */

export function Footer() {
  return (
    <footer class="footer muted">
      <p>
        An expression is not a feeling: what a person feels cannot be read off a face reliably. The answers
        are what people who labelled images would have said, and they are often wrong. Do not base decisions
        about people on them. In the European Union, emotion recognition is regulated, and it is prohibited at
        work and in schools (Regulation (EU) 2024/1689, Articles 5 and 50).
      </p>
    </footer>
  );
}
