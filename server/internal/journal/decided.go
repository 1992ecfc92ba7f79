package journal

import (
	"encoding/json"

	"github.com/turbosmtp-go/billing/gen/control"
	"github.com/turbosmtp-go/billing/gen/model"
)

// decided explains a refusal that no check of the document made, but the code that serves it.
func decided(body string) control.Why {
	var answer struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Message == "" {
		return control.Why{Text: "The sandbox refused it."}
	}
	if advice := model.DescribeCode(answer.Message); advice != "" {
		return control.Why{Text: advice, In: "account", Code: answer.Message}
	}
	return control.Why{Text: answer.Message}
}
