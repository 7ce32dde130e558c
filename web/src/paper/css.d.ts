// A style sheet's text, as Vite hands it out.
declare module '*.css?inline' {
  const text: string;
  export default text;
}
