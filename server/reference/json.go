package reference

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"
)

// A document may have this many values, this deep in each other, when its aliases are written out. A
// few lines of aliases can stand for more than any memory holds, and one that holds itself for more
// than that.
const (
	maxValues = 1 << 19
	maxDepth  = 200
)

// cutJSON writes a YAML tree as JSON, members in the same order, and cuts it where its list of servers
// begins.
func cutJSON(root, servers *yaml.Node) (text, error) {
	var out bytes.Buffer
	w := &jsonWriter{Encoder: jsontext.NewEncoder(&out, jsontext.WithIndent("  ")), servers: servers}
	if err := w.write(root); err != nil {
		return text{}, fmt.Errorf("reference: write the document as JSON: %w", err)
	}
	return text{before: out.Bytes()[:w.cut], after: out.Bytes()[w.cut:], entry: jsonEntry}, nil
}

func jsonEntry(s server) string {
	return "\n    {\n      \"url\": " + strconv.Quote(s.url) + ",\n      \"description\": " + strconv.Quote(s.description) + "\n    },"
}

type jsonWriter struct {
	*jsontext.Encoder
	servers *yaml.Node
	cut     int64
	values  int
}

func (w *jsonWriter) write(n *yaml.Node) error {
	if w.values++; w.values > maxValues || w.StackDepth() > maxDepth {
		return errors.New("it is too large, or an alias holds itself")
	}
	switch n.Kind {
	case yaml.MappingNode:
		return w.writeObject(n)
	case yaml.SequenceNode:
		return w.writeArray(n)
	case yaml.AliasNode:
		if n.Alias == w.servers {
			return fmt.Errorf("line %d: an alias of the servers would get the added ones, too", n.Line)
		}
		return w.write(n.Alias)
	default:
		return w.writeScalar(n)
	}
}

func (w *jsonWriter) writeArray(n *yaml.Node) error {
	if err := w.WriteToken(jsontext.BeginArray); err != nil {
		return err
	}
	if n == w.servers {
		w.cut = w.OutputOffset()
	}
	for _, item := range n.Content {
		if err := w.write(item); err != nil {
			return err
		}
	}
	return w.WriteToken(jsontext.EndArray)
}

func (w *jsonWriter) writeObject(n *yaml.Node) error {
	members, err := flatten(n, nil)
	if err != nil {
		return err
	}
	if err := w.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for i := 0; i+1 < len(members); i += 2 {
		name := resolve(members[i])
		if name.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: a name is not a scalar", name.Line)
		}
		if err := w.WriteToken(jsontext.String(name.Value)); err != nil {
			return fmt.Errorf("line %d: %w", name.Line, err)
		}
		if err := w.write(members[i+1]); err != nil {
			return err
		}
	}
	return w.WriteToken(jsontext.EndObject)
}

// writeScalar writes a scalar as it is read by the rules of YAML, but a time as it is written: JSON
// has none, and a version such as 2026-11-01 is meant as a text.
func (w *jsonWriter) writeScalar(n *yaml.Node) error {
	switch tag := n.ShortTag(); tag {
	case "!!str", "!!timestamp":
		return w.WriteToken(jsontext.String(n.Value))
	case "!!null":
		return w.WriteToken(jsontext.Null)
	case "!!int", "!!float":
		if number := jsontext.Value(n.Value); number.IsValid() {
			return w.WriteValue(number) // with all of its digits
		}
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return err
	}
	switch v := v.(type) {
	case bool:
		return w.WriteToken(jsontext.Bool(v))
	case string:
		return w.WriteToken(jsontext.String(v))
	case int, int64, uint64:
		return w.WriteValue(fmt.Append(nil, v))
	case float64:
		if number := jsontext.Value(strconv.FormatFloat(v, 'g', -1, 64)); number.IsValid() {
			return w.WriteValue(number)
		}
	}
	return fmt.Errorf("line %d: JSON has no value for %s", n.Line, n.Value)
}
