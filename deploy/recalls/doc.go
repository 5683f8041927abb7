// Package recalls adds rules that correct or withdraw links of sent mail to the
// override of a site, lists them, tries them out, and takes them out again.
//
// Start with [Site], which is a site as it is overridden now, and with
// [Site.Add] and [Site.Remove], which make the object to be written. What is
// written is checked as the module does it, and by deploy/override.
package recalls
