// Package target reads raw request targets, path and query. Nothing in them is
// decoded or cleaned.
package target

import "github.com/clickedge/clickedge/core/word"

// Path returns the target up to its query.
func Path(target string) string {
	if i := word.Index(target, '?'); i >= 0 {
		return target[:i]
	}
	return target
}
