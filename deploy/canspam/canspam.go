// Package canspam has what United States law asks of the unsubscribe links of a
// mail, in the one sentence that every command says it with.
package canspam

// Rule is said where a retired ESP's unsubscribes may come to nothing: 15 U.S.C.
// 7704(a)(3)(A)(ii) says for how long an opt-out must be received, 16 CFR 316.5
// and (a)(4) that it must be honoured. It is a clause, without a full stop.
const Rule = `United States law (CAN-SPAM, 15 U.S.C. 7704(a)(3)) gives recipients 30 days after each mail to unsubscribe`
