package main

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"text/tabwriter"
	"time"
)

// print prints one result: value as JSON, or text.
func (f *databaseFlags) print(env *environment, value any, text string) error {
	if f.Output == "json" {
		return json.NewEncoder(env.stdout).Encode(value)
	}
	_, err := io.WriteString(env.stdout, text)
	return err
}

// printList prints a list: the view of each item as one line of JSON, or a table with one row per item.
// The cells of the header and of a row are separated by tabs.
func printList[Item, View any](f *databaseFlags, env *environment, list iter.Seq2[Item, error], view func(Item) View, header string, row func(Item) string) error {
	rows := []string{header}
	for item, err := range list {
		if err != nil {
			return err
		}
		if f.Output != "json" {
			rows = append(rows, row(item))
		} else if err := json.NewEncoder(env.stdout).Encode(view(item)); err != nil {
			return err
		}
	}
	if f.Output == "json" {
		return nil
	}
	_, err := io.WriteString(env.stdout, table(rows...))
	return err
}

// table aligns the cells of rows, which are separated by tabs.
func table(rows ...string) string {
	var text strings.Builder
	writer := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintln(writer, row) // a strings.Builder returns no error
	}
	_ = writer.Flush()
	return text.String()
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// dateTime formats a time, or returns a dash for the zero time.
func dateTime(at time.Time) string {
	if at.IsZero() {
		return "–"
	}
	return at.Format(time.DateTime)
}
