locals {
  # Pub/Sub's own agent pushes, and moves what is never acknowledged.
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_pubsub_topic" "topic" {
  for_each = toset(local.registry.topics)

  project = var.project
  name    = "${var.prefix}${each.key}"
  labels  = local.labels

  # What was published can be read and sent again for a week, for a load balancer that has to be made anew.
  message_retention_duration = each.key == "ingress-specs" ? "604800s" : null

  depends_on = [google_project_service.api]
}

# Our own push subscriptions, because a function's event trigger offers neither dead letters nor an ack deadline.
resource "google_pubsub_subscription" "push" {
  for_each = local.events

  project = var.project
  name    = "${var.prefix}${each.key}"
  topic   = google_pubsub_topic.topic[each.value.topic].id
  labels  = local.labels

  ack_deadline_seconds       = each.value.delivery.ackDeadlineSeconds
  message_retention_duration = "${each.value.delivery.retentionSeconds}s"

  push_config {
    push_endpoint = google_cloudfunctions2_function.function[each.key].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = google_cloudfunctions2_function.function[each.key].service_config[0].uri
    }
  }

  retry_policy {
    minimum_backoff = "${each.value.delivery.minimumBackoffSeconds}s"
    maximum_backoff = "${each.value.delivery.maximumBackoffSeconds}s"
  }

  # A subscription that nothing came through for a month must not vanish.
  expiration_policy {
    ttl = ""
  }

  dynamic "dead_letter_policy" {
    for_each = each.value.delivery.maxDeliveryAttempts == null ? [] : [each.value.delivery.maxDeliveryAttempts]

    content {
      dead_letter_topic     = google_pubsub_topic.topic["dead-letters"].id
      max_delivery_attempts = dead_letter_policy.value
    }
  }

  depends_on = [google_service_account_iam_member.push_token, google_cloud_run_service_iam_member.push]
}

resource "google_service_account_iam_member" "push_token" {
  service_account_id = google_service_account.push.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}

resource "google_pubsub_topic_iam_member" "dead_letters" {
  project = var.project
  topic   = google_pubsub_topic.topic["dead-letters"].name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead_letters" {
  for_each = { for name, it in local.events : name => it if it.delivery.maxDeliveryAttempts != null }

  project      = var.project
  subscription = google_pubsub_subscription.push[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

# Nudges: any of these functions may wake any other. Only who looks at clusters sends to the topic on which clusters are
# registered, and to its own further parts of a tick.
resource "google_pubsub_topic_iam_member" "nudges" {
  for_each = {
    for pair in setproduct(local.publishing, setsubtract(local.registry.topics, ["ingress-specs", "dead-letters"])) :
    "${pair[0]}/${pair[1]}" => { identity = pair[0], topic = pair[1] }
    if pair[0] == "watcher" || !contains(["cluster-changes", "scheduler-ticks"], pair[1])
  }

  project = var.project
  topic   = google_pubsub_topic.topic[each.value.topic].name
  role    = "roles/pubsub.publisher"
  member  = google_service_account.function[each.value.identity].member
}

# What was kept is sent again by whoever keeps it, wherever it came from.
resource "google_pubsub_topic_iam_member" "replays" {
  for_each = setsubtract(local.registry.topics, ["dead-letters"])

  project = var.project
  topic   = google_pubsub_topic.topic[each.key].name
  role    = "roles/pubsub.publisher"
  member  = google_service_account.function["keeper"].member
}

resource "google_pubsub_topic_iam_member" "people" {
  for_each = merge(
    { for member in var.publishers : "${member}/ingress-specs" => { member = member, topic = "ingress-specs" } },
    { for member in var.cluster_registrars : "${member}/cluster-changes" => { member = member, topic = "cluster-changes" } },
    # To have dead letters sent again, which may be registrations of clusters.
    { for member in var.cluster_registrars : "${member}/dead-letters" => { member = member, topic = "dead-letters" } },
  )

  project = var.project
  topic   = google_pubsub_topic.topic[each.value.topic].name
  role    = "roles/pubsub.publisher"
  member  = each.value.member
}

# What becomes of Ingresses, for whoever wants to react: nothing of ours listens there, and without a subscription it costs nothing.
resource "google_pubsub_topic" "status" {
  project = var.project
  name    = "${var.prefix}${local.registry.statusTopic}"
  labels  = local.labels

  depends_on = [google_project_service.api]
}

resource "google_pubsub_topic_iam_member" "announcements" {
  project = var.project
  topic   = google_pubsub_topic.status.name
  role    = "roles/pubsub.publisher"
  member  = google_service_account.function["planner"].member
}

# To make subscriptions of their own to it, in whatever project.
resource "google_pubsub_topic_iam_member" "listeners" {
  for_each = var.status_subscribers

  project = var.project
  topic   = google_pubsub_topic.status.name
  role    = "roles/pubsub.subscriber"
  member  = each.value
}

# One tick is one message; Cloud Scheduler publishes it by its own agent.
resource "google_cloud_scheduler_job" "tick" {
  project     = var.project
  region      = var.region
  name        = "${var.prefix}mci-tick"
  description = "Due work, and what is there compared with what is wanted"
  schedule    = var.tick_schedule
  time_zone   = "Etc/UTC"

  pubsub_target {
    topic_name = google_pubsub_topic.topic["scheduler-ticks"].id
    data       = base64encode("{}")
  }

  depends_on = [google_project_service.api]
}
