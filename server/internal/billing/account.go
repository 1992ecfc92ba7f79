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
	// ID names the account for good. It is not a secret.
	ID string
	// Name is what people call it.
	Name string
	// Currency is the ISO 4217 code of what it pays in, such as USD.
	Currency string
	// Active accounts are let in; all others are turned away whatever their credentials.
	Active bool
	// ActivePlan says that a plan is running, which buying credits takes.
	ActivePlan bool
}

// AccountChange says what changes about an account. What is nil stays.
type AccountChange struct {
	Active     *bool
	ActivePlan *bool
}

// Balance is an account with what it has paid for.
type Balance struct {
	Account Account
	// Paid is the sum of the account's paid purchases, in whole units of its currency.
	Paid int64
}

// Validate returns an error that says what is wrong with an account that is not fit to be stored.
func (a Account) Validate() error {
	switch {
	case a.ID == "":
		return errors.New("billing: an account has no ID")
	case len(a.ID) > maxText || !printable(a.ID):
		return fmt.Errorf("billing: the account's ID %q is longer than %d bytes, or holds what cannot be printed", a.ID, maxText)
	case len(a.Name) > maxText || !printable(a.Name):
		return fmt.Errorf("billing: the account's name %q is longer than %d bytes, or holds what cannot be printed", a.Name, maxText)
	case a.Name == "":
		return fmt.Errorf("billing: the account %s has no name", a.ID)
	case !validCurrency(a.Currency):
		return fmt.Errorf("billing: the account %s has the currency %q, which is not an ISO 4217 code", a.ID, a.Currency)
	}
	return nil
}

// maxText is how long an account's ID and its name may be, in bytes.
const maxText = 200

// printable reports whether a text can be stored anywhere, and shows on a terminal as what it is.
func printable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	})
}

// validCurrency checks the form of an ISO 4217 code. Which of them exist changes with the world.
func validCurrency(code string) bool {
	if len(code) != 3 {
		return false
	}
	for i := range len(code) {
		if code[i] < 'A' || code[i] > 'Z' {
			return false
		}
	}
	return true
}
