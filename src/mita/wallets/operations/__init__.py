"""Writes of wallets: they are opened, topped up and watched."""

from mita.wallets.operations.access import (
    AboveTopUpLimit,
    AccessExists,
    RightMissing,
    change_access,
    end_access_of_person,
    grant_access,
    require_right,
    require_top_up,
    revoke_access,
)
from mita.wallets.operations.accounts import UtilityNotInWallet, wallet_account
from mita.wallets.operations.allocation import (
    ChoiceNotOffered,
    choose_allocation,
    credit_lines,
    set_allocation_rules,
)
from mita.wallets.operations.debt import NotInArrears, SetAside, set_debt_aside
from mita.wallets.operations.distribute import (
    Distributed,
    NothingToDistribute,
    ask_filling_on_crossing,
    distribute,
    fill_group,
    preview_distribution,
)
from mita.wallets.operations.emergency import (
    NoEmergencyCredit,
    NotLow,
    draw_emergency_credit,
    set_emergency_rule,
)
from mita.wallets.operations.groups import (
    GroupFull,
    WalletInGroup,
    add_member,
    ask_filling,
    create_group,
    receive_group_top_up,
    remove_member,
    require_group,
    require_leaving,
    set_distribution_rule,
)
from mita.wallets.operations.hearing import tell_hearers
from mita.wallets.operations.invite import (
    InvitationOver,
    accept_invitation,
    invite,
    withdraw_invitation,
)
from mita.wallets.operations.moves import moves_of
from mita.wallets.operations.opening import open_wallets
from mita.wallets.operations.promotion import Grant, expire_promotion, grant_promotion
from mita.wallets.operations.sight import limit_sight, set_sight, sight_from_now, sight_of
from mita.wallets.operations.spend import (
    check_hold,
    check_spend,
    count_spending,
    end_stale_alerts,
    remove_spend_limit,
    set_spend_limit,
)
from mita.wallets.operations.standing import follow_journal, settle_standings, watch_balances
from mita.wallets.operations.targets import check_targets, follow_crossing, set_balance_target
from mita.wallets.operations.top_up import METHODS, ToppedUp, TopUp, receive_top_up
from mita.wallets.operations.transfer import Place, pay_money_out, transfer_money

__all__ = [
    "METHODS",
    "AboveTopUpLimit",
    "AccessExists",
    "ChoiceNotOffered",
    "Distributed",
    "Grant",
    "GroupFull",
    "InvitationOver",
    "NoEmergencyCredit",
    "NotInArrears",
    "NotLow",
    "NothingToDistribute",
    "Place",
    "RightMissing",
    "SetAside",
    "TopUp",
    "ToppedUp",
    "UtilityNotInWallet",
    "WalletInGroup",
    "accept_invitation",
    "add_member",
    "ask_filling",
    "ask_filling_on_crossing",
    "change_access",
    "check_hold",
    "check_spend",
    "check_targets",
    "choose_allocation",
    "count_spending",
    "create_group",
    "credit_lines",
    "distribute",
    "draw_emergency_credit",
    "end_access_of_person",
    "end_stale_alerts",
    "expire_promotion",
    "fill_group",
    "follow_crossing",
    "follow_journal",
    "grant_access",
    "grant_promotion",
    "invite",
    "limit_sight",
    "moves_of",
    "open_wallets",
    "pay_money_out",
    "preview_distribution",
    "receive_group_top_up",
    "receive_top_up",
    "remove_member",
    "remove_spend_limit",
    "require_group",
    "require_leaving",
    "require_right",
    "require_top_up",
    "revoke_access",
    "set_allocation_rules",
    "set_balance_target",
    "set_debt_aside",
    "set_distribution_rule",
    "set_emergency_rule",
    "set_sight",
    "set_spend_limit",
    "settle_standings",
    "sight_from_now",
    "sight_of",
    "tell_hearers",
    "transfer_money",
    "wallet_account",
    "watch_balances",
    "withdraw_invitation",
]
