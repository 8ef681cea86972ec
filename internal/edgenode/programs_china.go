// Copyright The Sealgate Authors
// SPDX-License-Identifier: Apache-2.0

package edgenode

// The programs of a Chinese vendor. Their lines are prose with ids within, in ASCII and in full-width digits.

// loginService has no levels: whether it went well is in the words.
var loginService = program{
	name: "login", namespace: "cn", kind: deployment, replicas: 1, bare: true,
	says: []statement{
		{"succeeded", none, 2600, `«second» 用户«int 10000 99999»登录成功，来源«ip»`},
		{"failed", none, 60, `«second» 用户«int 10000 99999»登录失败，来源«ip»`},
		{"locked", none, 4, `«second» 用户«int 10000 99999»已锁定，来源«ip»`},
		{"token", none, 1500, `«second» 会话«hex 16»令牌续期«int 10 99»分钟`},
		{"token-revoked", none, 4, `«second» 会话«hex 16»令牌吊销`},
		{"code-sent", none, 900, `«second» 验证码已发送至手机尾号«int 1000 9999»，有效期5分钟`},
		{"code-refused", none, 20, `«second» 验证码被拒收，手机尾号«int 1000 9999»，有效期5分钟`},
	},
}

// orderService has its levels parsed by the agent.
var orderService = program{
	name: "order-cn", namespace: "cn", kind: deployment, replicas: 1,
	levels: chinese, prefix: `«dot» [«level»] `,
	says: []statement{
		{"created", info, 2000, `订单«int 10000000 99999999»已创建，共«int 1 12»件商品，金额：«int 10 900».«int 10 99»元`},
		{"shipped", info, 1200, `订单«wide 10000 99999»已发货，仓库：杭州«int 1 9»号`},
		{"returned", info, 4, `订单«wide 10000 99999»已退货，仓库：杭州«int 1 9»号`},
		{"cached", debug, 1500, `缓存命中：商品«int 10000 99999»`},
		{"stock-low", warn, 40, `库存不足：商品«int 10000 99999»剩余«int 0 3»件`},
		{"lost", bad, 12, `订单«int 10000000 99999999»写入失败：数据库连接超时`},
		{"disk", fatal, 2, `磁盘«int 10000 99999»损坏，数据丢失`},
	},
}

// payService writes levels in several Chinese ways, and its records have none.
var payService = program{
	name: "pay-cn", namespace: "cn", kind: deployment, replicas: 1, bare: true,
	levels: chinese,
	says: []statement{
		{"charged", info, 2200, `«second» 级别=«level» 模块=支付 订单=«int 10000 99999» 扣款成功`},
		{"charge-failed", bad, 16, `«second» 级别=«level» 模块=支付 订单=«int 10000 99999» 扣款失败`},
		{"refunded", info, 600, `【«level»】用户（编号«int 10000 99999»）退款到账，渠道：«微信|支付宝|银联»`},
		{"refund-held", warn, 20, `【«level»】用户（编号«int 10000 99999»）退款挂起，渠道：«微信|支付宝|银联»`},
		{"settled", info, 900, `{"时间":"«second»","级别":"«level»","消息":"批次«int 100 999»对账完成","错误数":0}`},
		{"unsettled", bad, 6, `{"时间":"«second»","级别":"«level»","消息":"批次«int 100 999»对账不平","错误数":«int 1 9»}`},
		{"disk-ok", none, 360, `磁盘«int 10000 10099»巡检正常`},
		{"disk-broken", none, 3, `磁盘«int 10000 10099»损坏，数据丢失`},
	},
}

// tomcat runs in a JVM whose locale is Chinese.
var tomcat = program{
	name: "tomcat", namespace: "cn", kind: statefulSet, replicas: 1, bare: true,
	levels: tomcatLevels, prefix: `«tomcat» «level» `,
	says: []statement{
		{"handled", info, 1500, `[http-nio-8080-exec-«int 1 200»] com.vendor.shop.AccessFilter.doFilter 请求/shop/item处理完毕，用时[«int 1 90»]毫秒`},
		{"protocol", info, 4, `[main] org.apache.coyote.AbstractProtocol.start 开始协议处理句柄["http-nio-«int 8080 8099»"]`},
		{"jdbc", warn, 12, `[main] org.apache.catalina.loader.WebappClassLoaderBase.clearReferencesJdbc Web应用程序[shop«int 1 9»]注册了JDBC驱动程序，但在Web应用程序停止时无法注销它`},
		{"servlet", bad, 10, `[http-nio-8080-exec-«int 1 200»] org.apache.catalina.core.StandardWrapperValve.invoke 在路径为/shop的上下文中，Servlet[dispatcher]的Servlet.service()引发了具有根本原因的异常
	java.lang.NullPointerException
		at com.vendor.shop.ItemServlet.doGet(ItemServlet.java:«int 40 90»)
		at jakarta.servlet.http.HttpServlet.service(HttpServlet.java:564)`},
	},
}
