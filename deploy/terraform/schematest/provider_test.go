package schematest

import (
	"encoding/json"
	"os"
)

// Schema is what "terraform providers schema -json" says of a provider.
type Schema struct {
	Resources map[string]Resource `json:"resource_schemas"`
	Data      map[string]Resource `json:"data_source_schemas"`
}

// Resource is the schema of a resource or data source.
type Resource struct {
	Block Block `json:"block"`
}

// Block is what may stand in a block.
type Block struct {
	Attributes map[string]Attribute `json:"attributes"`
	Blocks     map[string]Nested    `json:"block_types"`
}

// Attribute is one argument, or what the provider computes.
type Attribute struct {
	Type       json.RawMessage `json:"type"`
	Required   bool            `json:"required"`
	Optional   bool            `json:"optional"`
	Computed   bool            `json:"computed"`
	Sensitive  bool            `json:"sensitive"`
	Deprecated bool            `json:"deprecated"`
}

// Nested is a block within a block.
type Nested struct {
	Block    Block `json:"block"`
	MinItems int   `json:"min_items"`
	MaxItems int   `json:"max_items"`
}

// ReadSchema reads a schema from a file.
func ReadSchema(name string) (*Schema, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	s := &Schema{}
	return s, json.Unmarshal(text, s)
}
