package gen_test

import (
	"bytes"
	"context"
	"go/format"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestGeneratedIsCurrent generates everything again and compares each byte.
func TestGeneratedIsCurrent(t *testing.T) {
	t.Parallel()
	work := copyModule(t)
	tool(t, work, "go", "generate", "./...")
	for _, path := range generated(t, work) {
		if read(t, filepath.Join(work, path)) != read(t, filepath.Join("..", path)) {
			t.Errorf("%s is not what go generate makes of the document: run make generate", path)
		}
	}
}

// TestDocumentAlone changes the largest order and its code in the document and nowhere else. After
// go generate, all of the module compiles, its tests too, and server and client follow: a program
// that knows neither limit nor code buys up to the new one and reads the new code.
func TestDocumentAlone(t *testing.T) {
	t.Parallel()
	work := copyModule(t)
	path := filepath.Join(work, "api", "openapi.yaml")
	write(t, path, strings.NewReplacer(
		"maximum: 1800", "maximum: 2000",
		"amount_should_not_be_higher_than_1800", "amount_is_more_than_2000",
		"AmountShouldNotBeHigherThan1800", "AmountIsMoreThan2000",
	).Replace(read(t, path)))
	write(t, filepath.Join(work, "server", "cmd", "probe", "main.go"), probeSource)
	tool(t, work, "go", "generate", "./...")
	tool(t, work, "go", "vet", "./...")
	out := tool(t, work, "go", "run", "./server/cmd/probe")
	want := "1800 bought\n1801 bought\n2000 bought\n2001 amount_is_more_than_2000\n"
	if out != want {
		t.Errorf("the program printed\n%s\nnot\n%s", out, want)
	}
	if !strings.Contains(read(t, filepath.Join(work, "gen", "model", "model.gen.go")), "AmountIsMoreThan2000 ") {
		t.Error("the new code has no constant")
	}
}

const probeSource = `package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"

	"github.com/turbosmtp-go/billing/client"
	"github.com/turbosmtp-go/billing/server/sandbox"
	"github.com/turbosmtp-go/billing/server/internal/store/sqlite"
)

func main() {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, sqlite.Memory)
	check(err)
	box, err := sandbox.New(ctx, store, "http://127.0.0.1", sandbox.WithDemoAccounts())
	check(err)
	listening := httptest.NewServer(box.Handler())
	c, err := client.New(client.WithBaseURL(listening.URL+box.BasePath()), client.WithAPIKey("sandbox-active-token"))
	check(err)
	for _, amount := range []int{1800, 1801, 2000, 2001} {
		_, err := c.BuyEmailValidatorCredits(ctx, client.BuyEmailValidatorCreditsRequest{Amount: amount})
		var refused *client.Error
		switch {
		case errors.As(err, &refused):
			fmt.Println(amount, refused.Code)
		case err != nil:
			fmt.Println(amount, err)
		default:
			fmt.Println(amount, "bought")
		}
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
`

// TestMoreOperations adds operations to the document and nowhere else. After go generate, package
// client has a method for each, and a program that calls them gets typed results. Servers implement
// operations by hand, so only package client is built.
func TestMoreOperations(t *testing.T) {
	t.Parallel()
	work := copyModule(t)
	path := filepath.Join(work, "api", "openapi.yaml")
	const afterPaths, beforeSchemas = "\ncomponents:\n", "\n  schemas:\n"
	document := strings.NewReplacer(afterPaths, morePaths+afterPaths, beforeSchemas, beforeSchemas+moreSchemas).Replace(read(t, path))
	if strings.Count(document, morePaths) != 1 || strings.Count(document, moreSchemas) != 1 {
		t.Fatal("the document has no single place for more operations")
	}
	doc, err := openapi3.NewLoader().LoadFromData([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, path, document)
	write(t, filepath.Join(work, "client", "cmd", "probe", "main.go"), moreSource)
	// The tests of the package need servers, which vet would compile too.
	tests, err := filepath.Glob(filepath.Join(work, "client", "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range tests {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}

	tool(t, work, "go", "generate", "./gen")
	tool(t, work, "go", "build", "./client")
	tool(t, work, "go", "vet", "./client")
	for _, path := range generated(t, work) {
		code := read(t, filepath.Join(work, path))
		if formatted, err := format.Source([]byte(code)); err != nil || string(formatted) != code {
			t.Errorf("%s is not formatted: %v", path, err)
		}
	}
	out := tool(t, work, "go", "run", "./client/cmd/probe")
	if out != moreWant {
		t.Errorf("the program printed\n%s\nnot\n%s", out, moreWant)
	}

	// What encodes parameters is all that they cost.
	list := []string{"list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}"}
	allowed := tool(t, work, "go", append(list, "./gen/httpclient", "github.com/oapi-codegen/runtime")...)
	for _, name := range strings.Fields(tool(t, work, "go", append(list, "./client")...)) {
		if !strings.HasSuffix(name, "/billing/client") && !slices.Contains(strings.Fields(allowed), name) {
			t.Errorf("package client depends on %s", name)
		}
	}
}

const morePaths = `
  /billing/purchases:
    get:
      operationId: listPurchases
      summary: List the purchases
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}
        - {name: cursor, in: query, schema: {type: string}}
        - {name: status, in: query, schema: {$ref: '#/components/schemas/PurchaseStatus'}}
      responses:
        '200': {description: A page, content: {application/json: {schema: {$ref: '#/components/schemas/ListPurchasesResponse'}}}}
        '401': {$ref: '#/components/responses/Unauthorized'}
        default: {$ref: '#/components/responses/Unexpected'}
  /billing/purchases/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getPurchase
      description: Returns one purchase.
      responses:
        '200': {description: The purchase, content: {application/json: {schema: {$ref: '#/components/schemas/Purchase'}}}}
        '404':
          description: There is no such purchase
          x-error-codes: {implementation: [purchase_not_found]}
          content: {application/json: {schema: {$ref: '#/components/schemas/PurchaseError'}}}
        default: {$ref: '#/components/responses/Unexpected'}
    delete:
      operationId: deletePurchase
      responses:
        '204': {description: Deleted}
        default: {$ref: '#/components/responses/Unexpected'}
    patch: # a type of its own for the body
      operationId: changePurchase
      requestBody: {content: {application/json: {schema: {type: object, properties: {note: {type: string}}}}}}
      responses:
        2XX: {description: Changed, content: {application/json: {schema: {$ref: '#/components/schemas/Purchase'}}}}
  /billing/purchases/{id}/cancel:
    post:
      operationId: cancelPurchase
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        '202': {description: Accepted}
        default: {$ref: '#/components/responses/Unexpected'}
  /billing/report:
    get:
      operationId: getReport
      responses:
        '200': {description: The report, content: {application/json: {schema: {$ref: '#/components/schemas/Report'}}}}
        '202': {description: Not yet, content: {application/json: {schema: {$ref: '#/components/schemas/ReportProgress'}}}}
  /billing/senders/{sender}: # a name that the generated method uses itself, and a response that never has content
    head:
      operationId: hasSender
      parameters: [{name: sender, in: path, required: true, schema: {type: string}}]
      responses:
        '200': {description: It does, content: {application/json: {schema: {$ref: '#/components/schemas/Purchase'}}}}
`

const moreSchemas = `    Purchase: {type: object, required: [id, status], properties: {id: {type: string}, status: {$ref: '#/components/schemas/PurchaseStatus'}}}
    PurchaseStatus: {type: string, enum: [pending, paid], x-enum-varnames: [PurchasePending, PurchasePaid]}
    ListPurchasesResponse:
      type: object
      required: [purchases]
      properties: {purchases: {type: array, items: {$ref: '#/components/schemas/Purchase'}}, next: {type: string}}
    PurchaseError: {type: object, required: [message], properties: {message: {$ref: '#/components/schemas/PurchaseErrorCode'}}}
    PurchaseErrorCode: {type: string, enum: [purchase_not_found], x-enum-varnames: [NoSuchPurchase]}
    Report: {type: object, required: [total], properties: {total: {type: integer}}}
    ReportProgress: {type: object, required: [percent], properties: {percent: {type: integer}}}
`

const moreSource = `package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/turbosmtp-go/billing/client"
)

func main() {
	ctx, mux := context.Background(), http.NewServeMux()
	respond := func(pattern string, status int, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			fmt.Println(r.Method, r.RequestURI)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprint(w, strings.ReplaceAll(body, "'", "\""))
		})
	}
	respond("GET /billing/purchases", 200, "{'purchases': [{'id': 'a/b', 'status': 'paid'}], 'next': 'c2'}")
	respond("GET /billing/purchases/{id}", 200, "{'id': 'a/b', 'status': 'paid'}")
	respond("GET /billing/purchases/missing", 404, "{'message': 'purchase_not_found'}")
	respond("GET /billing/purchases/unusable", 200, "{'id': 'a/b'}")
	respond("DELETE /billing/purchases/{id}", 204, "")
	respond("PATCH /billing/purchases/{id}", 200, "{'id': 'a/b', 'status': 'pending'}")
	respond("POST /billing/purchases/{id}/cancel", 202, "")
	respond("GET /billing/report", 202, "{'percent': 50}")
	respond("HEAD /billing/senders/{sender}", 200, "")
	listening := httptest.NewServer(mux)
	c, err := client.New(client.WithBaseURL(listening.URL), client.WithAPIKey("key"))
	check(err)

	page, err := c.ListPurchases(ctx, client.ListPurchasesParams{Limit: new(2), Cursor: new("c1"), Status: new(client.PurchasePaid)})
	check(err)
	fmt.Println(page.Purchases[0].Status == client.PurchasePaid, *page.Next)
	purchase, err := c.GetPurchase(ctx, page.Purchases[0].ID)
	check(err)
	fmt.Println(purchase.ID)
	_, err = c.GetPurchase(ctx, "missing")
	fmt.Println(client.HasCode(err, client.NoSuchPurchase), errors.Is(err, client.ErrOutcomeUnknown))
	_, err = c.GetPurchase(ctx, "unusable")
	fmt.Println(errors.As(err, new(*client.Error)))
	fmt.Println(c.DeletePurchase(ctx, "") != nil, c.DeletePurchase(ctx, "..") != nil, c.CancelPurchase(ctx, ".") != nil) // nothing is sent
	check(c.DeletePurchase(ctx, purchase.ID))
	purchase, err = c.ChangePurchase(ctx, "1", client.ChangePurchaseJSONRequestBody{Note: new("late")})
	check(err)
	fmt.Println(purchase.Status)
	check(c.CancelPurchase(ctx, "1"))
	report, err := c.GetReport(ctx)
	check(err)
	fmt.Println(report.JSON200 == nil, report.JSON202.Percent)
	check(c.HasSender(ctx, "a@example.com"))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
`

const moreWant = `GET /billing/purchases?limit=2&cursor=c1&status=paid
true c2
GET /billing/purchases/a%2Fb
a/b
GET /billing/purchases/missing
true false
GET /billing/purchases/unusable
true
true true true
DELETE /billing/purchases/a%2Fb
PATCH /billing/purchases/1
pending
POST /billing/purchases/1/cancel
GET /billing/report
true 50
HEAD /billing/senders/a@example.com
`

// copyModule copies the module, without what git keeps beside it, to change it.
func copyModule(t *testing.T) string {
	t.Helper()
	work := t.TempDir()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel("..", path)
		if err != nil {
			return err
		}
		target := filepath.Join(work, relative)
		switch {
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && relative != ".":
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(target, 0o700)
		case !entry.Type().IsRegular() || strings.Contains(entry.Name(), ".db"):
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return work
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// write writes a file, and the folder that it is in where there is none.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func generated(t *testing.T, work string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(work, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(entry.Name(), ".gen.go") {
			relative, _ := filepath.Rel(work, path)
			paths = append(paths, relative)
		}
		return err
	})
	if err != nil || len(paths) < 4 {
		t.Fatalf("generated: %v, %v", paths, err)
	}
	return paths
}

// goFlags are the flags of go that this machine has, and -trimpath: without the name of its folder in it, what
// is built of one copy is the same as of the next, and go has it already.
var goFlags = sync.OnceValue(func() string {
	set, err := exec.CommandContext(context.Background(), "go", "env", "GOFLAGS").Output()
	if err != nil {
		return "-trimpath"
	}
	return strings.TrimSpace(string(set)) + " -trimpath"
})

func tool(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOFLAGS="+goFlags())
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, &stderr)
	}
	return string(out)
}
