# Counters are made from what the functions log; test/infra checks that the code logs each of these messages.
locals {
  logs = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=(${join(" OR ", [for name in keys(local.functions) : "\"${var.prefix}${name}\""])})"

  counters = {
    operations   = { message = "mutation", more = "", description = "Changes made to load balancers and clusters" }
    drift        = { message = "mutation", more = "jsonPayload.step=\"update\"", description = "Updates; without a published change, repairs of what somebody else did" }
    retries      = { message = "visit ended", more = "jsonPayload.outcome=\"retry\"", description = "Visits that ended in a fault that passes" }
    failures     = { message = "visit ended", more = "jsonPayload.outcome=\"failed\"", description = "Visits that ended in a fault that a person must deal with" }
    failed       = { message = "phase changed", more = "jsonPayload.phase=\"Failed\"", description = "Ingresses that became Failed" }
    degraded     = { message = "phase changed", more = "jsonPayload.phase=\"Degraded\"", description = "Ingresses that became Degraded" }
    dead_letters = { message = "message kept as dead letter", more = "", description = "Messages that could not be worked on" }
    unhandled    = { message = "event not handled; it will be delivered again", more = "", description = "Events that a function gave back" }
  }

  # Below this a metric's name is its own: logging.googleapis.com/user/<name>.
  metric_prefix = "${local.role_prefix}mci"

  alerts = {
    failed = {
      name      = "an Ingress failed"
      filter    = "metric.type=\"logging.googleapis.com/user/${local.metric_prefix}/failed\" AND resource.type=\"cloud_run_revision\""
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      threshold = 0
      duration  = "0s"
      severity  = "ERROR"
      what      = "A published Ingress needs a change by its owner; the previous version, if any, serves on. `mci get-status NAME` and the dashboard say why."
    }
    dead_letters = {
      name      = "messages became dead letters"
      filter    = "metric.type=\"logging.googleapis.com/user/${local.metric_prefix}/dead_letters\" AND resource.type=\"cloud_run_revision\""
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      threshold = 0
      duration  = "0s"
      severity  = "WARNING"
      what      = "A message was refused or delivered in vain. The status API shows which and why, at /api/dead-letters."
    }
    unhandled = {
      name      = "functions give events back"
      filter    = "metric.type=\"logging.googleapis.com/user/${local.metric_prefix}/unhandled\" AND resource.type=\"cloud_run_revision\""
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      threshold = 10
      duration  = "300s"
      severity  = "ERROR"
      what      = "Functions cannot read or write the state, or there is a bug. The log entries of severity ERROR say which."
    }
    stuck = {
      name      = "work is stuck"
      filter    = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\" AND resource.label.subscription_id=one_of(${join(",", [for name in keys(local.events) : "\"${var.prefix}${name}\""])})"
      aligner   = "ALIGN_MAX"
      reducer   = "REDUCE_MAX"
      threshold = 900
      duration  = "300s"
      severity  = "ERROR"
      what      = "A subscription has had a message for over 15 minutes that its function does not acknowledge. Look at the function's log; the tick goes on without that message."
    }
    errors = {
      name      = "functions answer with errors"
      filter    = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND metric.label.response_code_class=\"5xx\" AND resource.label.service_name=one_of(${join(",", [for name in keys(local.functions) : "\"${var.prefix}${name}\""])})"
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      threshold = 20
      duration  = "300s"
      severity  = "ERROR"
      what      = "Also instances that could not start: the first line of their log says what is missing in the configuration."
    }
  }
}

resource "google_logging_metric" "counter" {
  for_each = local.counters

  project     = var.project
  name        = "${local.metric_prefix}/${each.key}"
  description = each.value.description
  filter      = join(" AND ", compact([local.logs, "jsonPayload.message=\"${each.value.message}\"", each.value.more]))

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

resource "google_logging_metric" "convergence" {
  project         = var.project
  name            = "${local.metric_prefix}/convergence"
  description     = "From publishing an Ingress to Ready"
  filter          = "${local.logs} AND jsonPayload.message=\"phase changed\" AND jsonPayload.from=\"Progressing\" AND jsonPayload.phase=\"Ready\""
  value_extractor = "EXTRACT(jsonPayload.secondsSincePublished)"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "s"
  }

  bucket_options {
    exponential_buckets {
      num_finite_buckets = 12
      growth_factor      = 2
      scale              = 1
    }
  }
}

resource "google_monitoring_alert_policy" "alert" {
  for_each = local.alerts

  project               = var.project
  display_name          = "${var.prefix}multi-cluster ingress: ${each.value.name}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = var.notification_channels
  user_labels           = local.labels

  conditions {
    display_name = each.value.name

    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.threshold
      duration        = each.value.duration

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    mime_type = "text/markdown"
    content   = each.value.what
  }

  depends_on = [google_logging_metric.counter]
}

# Without ticks nothing that was lost is found again.
resource "google_monitoring_alert_policy" "no_ticks" {
  project               = var.project
  display_name          = "${var.prefix}multi-cluster ingress: no ticks"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = var.notification_channels
  user_labels           = local.labels

  conditions {
    display_name = "no ticks"

    condition_absent {
      filter   = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND resource.label.service_name=\"${var.prefix}scheduler-tick\""
      duration = "1800s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_DELTA"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Cloud Scheduler's job ${google_cloud_scheduler_job.tick.name} does not run, or its messages do not arrive: lost messages are not found again, and drift only by audit logs."
  }
}

resource "google_monitoring_dashboard" "overview" {
  project = var.project

  dashboard_json = jsonencode({
    displayName = "${var.prefix}Multi-cluster ingress"
    gridLayout = {
      columns = 2
      widgets = concat(
        [for name, it in local.counters : {
          title = it.description
          xyChart = { dataSets = [{
            plotType = "STACKED_BAR"
            timeSeriesQuery = { timeSeriesFilter = {
              filter      = "metric.type=\"logging.googleapis.com/user/${local.metric_prefix}/${name}\" AND resource.type=\"cloud_run_revision\""
              aggregation = { alignmentPeriod = "300s", perSeriesAligner = "ALIGN_DELTA", crossSeriesReducer = "REDUCE_SUM", groupByFields = ["resource.label.service_name"] }
            } }
          }] }
        }],
        [
          {
            title = "From publishing to Ready (seconds, 95th percentile)"
            xyChart = { dataSets = [{
              plotType = "LINE"
              timeSeriesQuery = { timeSeriesFilter = {
                filter      = "metric.type=\"logging.googleapis.com/user/${local.metric_prefix}/convergence\" AND resource.type=\"cloud_run_revision\""
                aggregation = { alignmentPeriod = "300s", perSeriesAligner = "ALIGN_DELTA", crossSeriesReducer = "REDUCE_PERCENTILE_95" }
              } }
            }] }
          },
          {
            title = "Oldest message not acknowledged (seconds)"
            xyChart = { dataSets = [{
              plotType = "LINE"
              timeSeriesQuery = { timeSeriesFilter = {
                filter      = local.alerts.stuck.filter
                aggregation = { alignmentPeriod = "300s", perSeriesAligner = "ALIGN_MAX", crossSeriesReducer = "REDUCE_MAX", groupByFields = ["resource.label.subscription_id"] }
              } }
            }] }
          },
        ],
      )
    }
  })

  depends_on = [google_logging_metric.counter, google_logging_metric.convergence]
}
