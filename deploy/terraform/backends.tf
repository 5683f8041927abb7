# What the sites need, worked out by `clickedge terraform` from the table of
# ESPs that the module itself is built with: a copy of it in here would age.
locals {
  backends = local.plan.backends
}
