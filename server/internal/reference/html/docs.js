// Configures Swagger UI for the document of this server.
window.ui = SwaggerUIBundle({
  dom_id: "#swagger-ui",
  url: new URL("openapi.json", document.baseURI).href,
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0, // shows the list of schemas collapsed
  persistAuthorization: false, // does not store keys
  validatorUrl: null, // sends no request to a validator on another host
});
