// The form of each message, and parts that several share. For message*.cc.
#pragma once

#include "fleet/message.h"
#include "fleet/message_fields.h"
#include "fleet/message_shape.h"

namespace isojoule::fleet {

const MessageForm& card_form();
const MessageForm& pulse_form();
const MessageForm& order_form();
const MessageForm& join_form();
const MessageForm& trouble_form();
const MessageForm& study_form();
const MessageForm& block_form();
const MessageForm& run_form();
const MessageForm& trace_form();

MessageShape object_name_shape();
Document object_document(const ObjectName& object);
ObjectName object_name_of(const Document& from);
MessageShape setting_shape();
MessageShape trace_shape();

}  // namespace isojoule::fleet
