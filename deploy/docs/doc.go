// Package docs holds guides for operators. Their commands are run by its tests,
// from the text itself.
package docs
