variable "project" {
  description = "Project in which the functions act."
  type        = string
}

variable "role_prefix" {
  description = "Put before the ids of the custom roles."
  type        = string
}

variable "identities" {
  description = "Service accounts, and the permissions that their functions use."
  type = map(object({
    member      = string
    permissions = list(string)
  }))
}

variable "audit_filter" {
  description = "Which entries of the audit logs concern the functions."
  type        = string
}

variable "audit_sink" {
  description = "Name of the log sink."
  type        = string
}

variable "audit_topic" {
  description = "Full name of the topic that the entries go to."
  type        = string
}

variable "ignored_principal" {
  description = "Accounts whose changes are not told: the functions' own."
  type        = list(string)
}
