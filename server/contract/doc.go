// Package contract compiles an OpenAPI 3.0 document into an echo middleware that validates every request
// and every response of the document's operations. It works with any document.
//
// # Order of the checks
//
// Echo has routed the request before the middleware runs. The first check that fails decides the response:
//
//  1. Credentials: 401. The [Authenticator] must accept one alternative of the operation's security requirements.
//     A request presents an alternative if it has a value for all of its schemes. An alternative with a header or
//     query parameter that is sent twice, with different values, is not accepted.
//  2. Parameters of path, query, header and cookie: 400.
//  3. Media type of the body: 415. A Content-Encoding is not supported.
//  4. Size of the body: 413. A body that does not arrive in time: 408.
//  5. Readable body: 400. JSON is read by RFC 8259: UTF-8, no byte-order mark, no duplicate names, nothing
//     after the value, at most 100 levels deep.
//  6. Schema of the body: 400. An integer has no fraction and no exponent, and is never rounded.
//  7. The handler runs. Its response must be one that the document declares: status, required headers, media
//     type and JSON schema. Other responses are 500, see [WithResponseCheck].
//
// A failed check is an [*Error] that contains the complete response. The error handler of echo sends it. The
// body of that response is an object with one required string member. The document declares it for the
// status, for its class (4XX) or as the default response. The member contains an error code if the
// response declares an enum of codes, else a sentence.
//
// # Error codes
//
// The extension x-error-codes maps a failed check to its code. It stands in these places, with these keys:
//
//   - On a schema, the keyword that failed: additionalProperties, anyOf, discriminator, enum,
//     exclusiveMaximum, exclusiveMinimum, format, maxItems, maxLength, maxProperties, maximum, minItems,
//     minLength, minProperties, minimum, multipleOf, not, nullable, oneOf, pattern, readOnly, required, type,
//     uniqueItems. On an object, required applies to every required property; on a property, to this one.
//     nullable and format default to the code of type, exclusiveMinimum to the code of minimum, and
//     exclusiveMaximum to the code of maximum.
//   - On a parameter, required and invalid.
//   - On a request body, mediaType, size, time, unreadable and invalid. The last one is the code of every
//     keyword without a code of its own, here and on a parameter.
//   - On the 401 response, missing (the request presents no complete alternative) and invalid (no presented
//     alternative is accepted).
//   - On every error response, implementation: the list of the codes that no check of this package produces.
//     On the 401 response, these are the codes of [DeniedError].
//
// [Compile] rejects a document in which a check has no code, although the response declares an enum, and
// one with a code that nothing produces. It also rejects everything that this package cannot enforce.
package contract
