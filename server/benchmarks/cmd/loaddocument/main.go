// Command loaddocument loads the API's document and exits. The sandbox's start is compared with it.
package main

import (
	"log"

	"github.com/turbosmtp-go/billing/api"
)

func main() {
	if _, err := api.Document(); err != nil {
		log.Fatal(err)
	}
}
