// Package verdicts finds in the click log, afterwards, what a single line cannot
// show: a reader who follows many links of one mail at once, links followed in
// one order in many mails, clicks before a mail was opened, and traps. It needs
// the keyed hashes of a site with log_hashes (core/spec/click-log.md).
//
// Start with [Finder.Line], which takes the lines, and [Finder.Report]. Nothing
// acts on what is found: the log stays as it is, and each finding names its
// lines by their requests.
//
// Memory does not grow with the log. Of a mail is kept what came within the last
// hour, of at most [MostMails] mails; where that is not enough, the report says
// so.
package verdicts
