// Swagger UI, with the document of the server that this page came from.
window.ui = SwaggerUIBundle({
  dom_id: "#swagger-ui",
  url: new URL("openapi.json", document.baseURI).href,
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0, // the list of schemas is there, and closed
  persistAuthorization: false, // keys are forgotten with the page
  validatorUrl: null, // no other host is asked for a badge
});
