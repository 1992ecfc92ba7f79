package billing

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Account is a customer.
type Account struct {
	// ID identifies the account permanently. It is not a secret.
	ID string
	// Name is the display name.
	Name string
	// Currency is the ISO 4217 code of the currency of its payments, such as USD.
	Currency string
	// Active accounts can authenticate; others cannot, whatever their credentials.
	Active bool
	// ActivePlan allows the account to buy credits.
	ActivePlan bool
}

// AccountChange contains the fields of an account to change. A nil field stays as it is.
type AccountChange struct {
	Active     *bool
	ActivePlan *bool
}

// Balance is an account and the sum of its payments.
type Balance struct {
	Account Account
	// Paid is the sum of the paid purchases, in whole units of the account's currency.
	Paid int64
}

// Validate returns an error that describes the first invalid field, nil if there is none.
func (a Account) Validate() error {
	switch {
	case a.ID == "":
		return errors.New("billing: the ID of the account is empty")
	case !isPrintable(a.ID):
		return fmt.Errorf("billing: the account ID %q is longer than %d bytes, or contains characters that cannot be printed", a.ID, maxText)
	case a.Name == "":
		return fmt.Errorf("billing: the name of the account %s is empty", a.ID)
	case !isPrintable(a.Name):
		return fmt.Errorf("billing: the account name %q is longer than %d bytes, or contains characters that cannot be printed", a.Name, maxText)
	case !isCurrency(a.Currency):
		return fmt.Errorf("billing: the currency %q of the account %s is not an ISO 4217 code such as USD", a.Currency, a.ID)
	}
	return nil
}

// maxText is the maximum length of an account's ID and name, in bytes.
const maxText = 200

// isPrintable reports whether every store and every terminal can represent a text: valid UTF-8, no control characters,
// and not longer than maxText.
func isPrintable(text string) bool {
	return len(text) <= maxText && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	})
}

// isCurrency reports whether a code has the form of ISO 4217. The list of existing codes changes over time.
func isCurrency(code string) bool {
	return len(code) == 3 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
