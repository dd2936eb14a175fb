declare module "virtual:theme-variables.css";
declare module "*.module.css" {
  const classes: Record<string, string>;
  export default classes;
}
