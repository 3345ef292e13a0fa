variable "project" {
  description = "Project of the load balancers, the functions, the topics and the state."
  type        = string

  validation {
    condition     = can(regex("^[a-z][-a-z0-9:.]{4,61}[a-z0-9]$", var.project))
    error_message = "project must be a project id, such as my-project-123, not its name or number."
  }
}

variable "region" {
  description = "Region of the functions. Load balancers are global wherever this is."
  type        = string
  default     = "us-central1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region, such as europe-west1, not a zone."
  }
}

variable "prefix" {
  description = "Put before the names of functions, topics and subscriptions, so that several deployments can share a project. Ends with a hyphen."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([a-z][a-z0-9]{0,7}-)?$", var.prefix))
    error_message = "prefix must be empty, or a letter, up to seven letters or digits, and a hyphen: staging-."
  }
}

variable "functions_archive" {
  description = "The archive that `npm run bundle` makes."
  type        = string
  default     = "../dist/functions.zip"

  validation {
    condition     = endswith(var.functions_archive, ".zip")
    error_message = "functions_archive must be the path of a .zip file: run npm run bundle first."
  }
}

variable "runtime" {
  description = "Runtime of the functions."
  type        = string
  default     = "nodejs22"

  validation {
    condition     = contains(["nodejs22", "nodejs24"], var.runtime)
    error_message = "runtime must be nodejs22 or nodejs24: older ones cannot run the client libraries."
  }
}

variable "minimum_instances" {
  description = "Instances that wait for work all the time, by function. A first event then needs no cold start, and they cost money at rest."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for name, count in var.minimum_instances : count >= 0 && count <= 5 && contains(keys(jsondecode(file("${path.module}/registry.json")).functions), name)])
    error_message = "minimum_instances must name functions of registry.json, with 0 to 5 instances each."
  }
}

variable "firestore_database" {
  description = "Name of the Firestore database that holds the state."
  type        = string
  default     = "multi-cluster-ingress"

  validation {
    condition     = var.firestore_database == "(default)" || can(regex("^[a-z][-a-z0-9]{2,61}[a-z0-9]$", var.firestore_database))
    error_message = "firestore_database must be (default), or 4 to 63 lower-case letters, digits and hyphens."
  }
}

variable "firestore_location" {
  description = "Location of the state. A multi-region (nam5, eur3) keeps working when a region fails; it cannot be changed later."
  type        = string
  default     = "nam5"

  validation {
    condition     = can(regex("^([a-z]+[0-9]|[a-z]+-[a-z]+[0-9]+)$", var.firestore_location))
    error_message = "firestore_location must be a multi-region such as nam5 or eur3, or a region."
  }
}

variable "protect_state" {
  description = "Whether Terraform refuses to delete the Firestore database."
  type        = bool
  default     = true
}

variable "tick_schedule" {
  description = "How often due work is looked for and what is there compared with what is wanted (cron)."
  type        = string
  default     = "* * * * *"

  validation {
    condition     = length(split(" ", var.tick_schedule)) == 5
    error_message = "tick_schedule must have five fields of cron: minute hour day month weekday."
  }
}

variable "cluster_projects" {
  description = "Further projects with clusters: service projects of the same Shared VPC, or of the load balancers' own network."
  type        = set(string)
  default     = []
}

variable "cluster_servers" {
  description = "Servers of clusters that may be registered though GKE does not name them, with everything below their path, such as https://connectgateway.googleapis.com/v1/projects/123/locations/global/gkeMemberships. Of GKE clusters, GKE itself says where they are."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for server in var.cluster_servers : can(regex("^https://[-a-z0-9.]+(:[0-9]+)?(/[^,?#%]*)?$", server))])
    error_message = "cluster_servers must be https URLs without query, such as https://10.0.0.2 or https://k8s.example.com:6443."
  }
}

variable "network_projects" {
  description = "Host projects of Shared VPC, in which the firewall rules live."
  type        = set(string)
  default     = []
}

variable "publishers" {
  description = "Who may publish Ingresses (IAM members, such as group:platform@example.com)."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.publishers : can(regex("^(user|group|serviceAccount|principal|principalSet):", member))])
    error_message = "publishers must be IAM members, such as group:platform@example.com; never allUsers."
  }
}

variable "status_subscribers" {
  description = "Who may subscribe to what becomes of Ingresses (IAM members): topic ingress-status."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.status_subscribers : can(regex("^(user|group|serviceAccount|principal|principalSet):", member))])
    error_message = "status_subscribers must be IAM members, such as serviceAccount:dns@example.iam.gserviceaccount.com; never allUsers."
  }
}

variable "cluster_registrars" {
  description = "Who may register clusters, take them out, have them looked at, and have dead letters sent again (IAM members). They decide where every Ingress is served from."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.cluster_registrars : can(regex("^(user|group|serviceAccount|principal|principalSet):", member))])
    error_message = "cluster_registrars must be IAM members, such as group:platform@example.com; never allUsers."
  }
}

variable "dashboard_members" {
  description = "Who may see the dashboard and the status API (IAM members)."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.dashboard_members : can(regex("^(user|group|serviceAccount|principal|principalSet|domain):", member))])
    error_message = "dashboard_members must be IAM members, such as group:platform@example.com; never allUsers."
  }
}

variable "notification_channels" {
  description = "Cloud Monitoring channels that alerts go to (projects/P/notificationChannels/N)."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for channel in var.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", channel))])
    error_message = "notification_channels must be full names: projects/P/notificationChannels/N."
  }
}

variable "vpc_connector" {
  description = "Serverless VPC Access connector for clusters whose control plane has only a private address; clusters with a DNS-based endpoint need none."
  type        = string
  default     = null

  validation {
    condition     = var.vpc_connector == null || can(regex("^projects/[^/]+/locations/[^/]+/connectors/[^/]+$", coalesce(var.vpc_connector, "-")))
    error_message = "vpc_connector must be a full name: projects/P/locations/R/connectors/C."
  }
}

variable "log_level" {
  description = "How much the functions log."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["debug", "info", "warn", "error"], var.log_level)
    error_message = "log_level must be debug, info, warn or error."
  }
}
