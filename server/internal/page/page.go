// Package page renders the sandbox's HTML pages. It contains what they share: the layout, the base
// style sheet, the failure page, and the security headers.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"
)

//go:embed html
var shared embed.FS

// Config describes the pages of one package.
type Config struct {
	// Files contains html/style.css, with the rules that only these pages need, and html/*.html: one
	// page per file. A page defines the templates "title" and "content", and can replace the blocks
	// "style", "nav" and "main" of the layout.
	Files fs.FS
	// Funcs are the functions that the templates call.
	Funcs template.FuncMap
	// Sources are the Content-Security-Policy directives that allow content. The default is none, except
	// for the style sheet inside the page, identified by its hash.
	Sources string
	// NoLinks omits the links to the other pages of the sandbox from the layout.
	NoLinks bool
	// Forms allows the pages to send forms to their own origin.
	Forms bool
	// Logger receives the errors of pages that cannot be rendered.
	Logger *slog.Logger
}

// Pages are parsed pages. They are safe for concurrent use.
type Pages struct {
	templates map[string]*template.Template
	style     string
	policy    string
	logger    *slog.Logger
}

// New parses the pages. It returns an error if a file is missing or is not a valid template.
func New(c Config) (*Pages, error) {
	if c.Files == nil || c.Logger == nil {
		return nil, errors.New("page: the files or the logger are nil")
	}
	p := &Pages{templates: map[string]*template.Template{}, logger: c.Logger}
	for _, files := range []fs.FS{shared, c.Files} {
		style, err := fs.ReadFile(files, "html/style.css")
		if err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
		p.style += string(style)
	}
	p.policy = policy(c, p.style)
	layout := template.New("layout.html").Funcs(c.Funcs).Funcs(template.FuncMap{
		"style":      func() template.CSS { return template.CSS(p.style) }, //nolint:gosec // it is embedded
		"links":      func() bool { return !c.NoLinks },
		"statusText": http.StatusText,
	})
	if _, err := layout.ParseFS(shared, "html/layout.html"); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	if err := errors.Join(p.parse(layout, shared, "html/failure.html"), p.parse(layout, c.Files, "html/*.html")); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	return p, nil
}

// parse adds one page per file that matches the pattern, each in a copy of the layout.
func (p *Pages) parse(layout *template.Template, files fs.FS, pattern string) error {
	names, err := fs.Glob(files, pattern)
	if err != nil {
		return err
	}
	for _, name := range names {
		page := template.Must(layout.Clone()) // fails only after an execution
		if _, err := page.ParseFS(files, name); err != nil {
			return err
		}
		p.templates[strings.TrimSuffix(path.Base(name), ".html")] = page
	}
	return nil
}

// Style returns the base style sheet followed by the rules of the package.
func (p *Pages) Style() string { return p.style }

// policy returns the Content-Security-Policy. It blocks all content that Sources does not allow.
func policy(c Config, style string) string {
	sources, forms := c.Sources, "'none'"
	if sources == "" {
		hash := sha256.Sum256([]byte(style))
		sources = "style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'"
	}
	if c.Forms {
		forms = "'self'"
	}
	return "default-src 'none'; " + sources + "; frame-ancestors 'none'; base-uri 'none'; form-action " + forms
}

// Write renders a page, named after its file, and writes it with a status. It renders the whole page
// before it writes the first byte. If rendering fails, it logs the error and responds with 500.
func (p *Pages) Write(w http.ResponseWriter, r *http.Request, status int, name string, view any) {
	var body bytes.Buffer
	if err := p.templates[name].Execute(&body, view); err != nil {
		p.logger.ErrorContext(r.Context(), "page: rendering failed", "page", name, "error", err)
		WriteBytes(w, r, http.StatusInternalServerError, "text/plain; charset=utf-8", []byte("The page cannot be displayed. Try again later.\n"))
		return
	}
	WriteBytes(w, r, status, "text/html; charset=utf-8", body.Bytes())
}

// WriteFailure writes the failure page: the status, and a sentence that says what went wrong and what to do.
func (p *Pages) WriteFailure(w http.ResponseWriter, r *http.Request, status int, sentence string) {
	p.Write(w, r, status, "failure", struct {
		Status   int
		Sentence string
	}{status, sentence})
}
