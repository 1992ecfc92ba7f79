package peer

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/turbosmtp-go/billing/gen/model"
)

type accountKey struct{}

// newBare returns hand-written checks on echo, without a document: the minimum that does the job.
func newBare() (http.Handler, error) {
	doc, err := Document()
	if err != nil {
		return nil, err
	}
	refuse := func(ec echo.Context, status int, code string) error {
		return ec.JSON(status, map[string]string{"message": code})
	}
	e := echo.New()
	e.POST(doc.Path, func(ec echo.Context) error {
		r := ec.Request()
		token, key, secret := r.Header.Get(model.AuthorizationHeader), r.Header.Get(model.ConsumerKeyHeader), r.Header.Get(model.ConsumerSecretHeader)
		switch {
		case token != "" && isToken(token):
		case key != "" && secret != "" && isKey(key) && isSecret(secret):
		case token != "" || key != "" && secret != "":
			return refuse(ec, http.StatusUnauthorized, doc.Wrong)
		default:
			return refuse(ec, http.StatusUnauthorized, doc.Missing)
		}
		if !strings.EqualFold(r.Header.Get("Content-Type"), "application/json") {
			return refuse(ec, http.StatusUnsupportedMediaType, "unsupported media type")
		}
		data, err := io.ReadAll(http.MaxBytesReader(ec.Response(), r.Body, 1<<20))
		if err != nil {
			return refuse(ec, http.StatusRequestEntityTooLarge, "too large")
		}
		var order struct {
			Amount *json.Number `json:"amount"`
		}
		if err := json.NewDecoder(bytes.NewReader(data)).Decode(&order); err != nil {
			return refuse(ec, http.StatusBadRequest, doc.Unreadable)
		}
		if order.Amount == nil {
			return refuse(ec, http.StatusBadRequest, doc.Codes["required"])
		}
		amount, err := order.Amount.Int64()
		switch {
		case err != nil:
			return refuse(ec, http.StatusBadRequest, doc.Codes["type"])
		case amount < doc.Min:
			return refuse(ec, http.StatusBadRequest, doc.Codes["minimum"])
		case amount > doc.Max:
			return refuse(ec, http.StatusBadRequest, doc.Codes["maximum"])
		}
		ctx := context.WithValue(r.Context(), accountKey{}, known)
		url, err := sell(ctx.Value(accountKey{}), int(amount))
		if err != nil {
			return refuse(ec, http.StatusInternalServerError, "failed")
		}
		return ec.JSON(http.StatusOK, struct {
			URL string `json:"url"`
		}{url})
	})
	return e, nil
}
