package codes

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/clickedge/clickedge/core/outcome"
)

// TestEveryCodeHasAMeaning reads core's list of codes, so that a new code
// without a meaning fails here.
func TestEveryCodeHasAMeaning(t *testing.T) {
	codes := codesOfCore(t)
	require.Contains(t, codes, outcome.BadTag)
	for _, code := range codes {
		require.NotEmpty(t, meanings[code].What, string(code))
	}
	require.Len(t, meanings, len(codes))
	require.NotEmpty(t, Explain("of_the_future").What)
}

func codesOfCore(t *testing.T) (codes []outcome.Code) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../core/outcome/code.go", nil, 0)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Code" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			codes = append(codes, outcome.Code(text))
		}
		return true
	})
	return codes
}
