package reference

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"
)

// flatten returns the names and the values of a mapping, in turns. After its own are those that it
// merges from others by "<<", which YAML 1.1 has and JSON has not. What a mapping has itself counts
// first, and then what it merges first. within is the mappings that are being flattened.
func flatten(n *yaml.Node, within []*yaml.Node) ([]*yaml.Node, error) {
	if slices.Contains(within, n) {
		return nil, fmt.Errorf("line %d: what is merged holds itself", n.Line)
	}
	within = append(within, n)
	var merged []*yaml.Node
	members := make([]*yaml.Node, 0, len(n.Content))
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		switch source := resolve(value); {
		case name.ShortTag() != "!!merge":
			members = append(members, name, value)
		case source.Kind == yaml.SequenceNode:
			merged = append(merged, source.Content...)
		default:
			merged = append(merged, source)
		}
	}
	for _, source := range merged {
		source = resolve(source)
		if source.Kind != yaml.MappingNode {
			return nil, fmt.Errorf("line %d: what is merged is not an object", source.Line)
		}
		inherited, err := flatten(source, within)
		if err != nil {
			return nil, err
		}
		for i := 0; i+1 < len(inherited); i += 2 {
			if !has(members, inherited[i].Value) {
				members = append(members, inherited[i], inherited[i+1])
			}
		}
	}
	return members, nil
}

// has reports whether one of the members has a name.
func has(members []*yaml.Node, name string) bool {
	for i := 0; i+1 < len(members); i += 2 {
		if members[i].Value == name {
			return true
		}
	}
	return false
}
